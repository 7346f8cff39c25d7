/** Interventions at each hook of each family. */
import { describe, expect, it } from 'vitest';
import { familyFixtures, familyModel, familyReference } from '../../../test/fixtures/families.js';
import { furthest } from '../../../test/fixtures/float64.js';
import { type Value, add, constant, floatsOf, mul, sizeOf } from '../../engine/index.js';
import { nodeRuntime } from '../../engine/runtime/node.js';
import { seededRandom } from '../../random.js';
import { cacheNames, runWithCache } from '../hooked-model.js';

const runtime = nodeRuntime({ threads: 1 });

describe.each(familyFixtures)('%s', (name) => {
  const { ids } = familyReference(name);

  it('is moved by an intervention at every hook, and by none that changes nothing', async () => {
    const model = await familyModel(name);
    const logitsUnder = async (
      hooks: readonly string[],
      change: (value: Value) => Value,
    ): Promise<Float32Array> => {
      const interventions = new Map(hooks.map((hook) => [hook, change]));
      return floatsOf(
        await runWithCache(runtime, model, [ids], { names: ['logits'], interventions }),
        'logits',
      );
    };
    const hooks = cacheNames(model).filter((hook) => hook !== 'logits');
    const plain = await logitsUnder([], (value) => value);
    expect(furthest(await logitsUnder(hooks, (value) => mul(value, 1)), plain)).toBeLessThan(2e-5);
    for (const hook of hooks)
      expect(furthest(await logitsUnder([hook], disturbed), plain), hook).toBeGreaterThan(1e-4);
  });
});

/** An activation with noise added: a norm takes back a mere scale. */
function disturbed(value: Value): Value {
  const random = seededRandom(1);
  const data = Float32Array.from({ length: sizeOf(value.shape) }, () => 0.5 * Math.abs(random.gaussian()));
  return add(value, constant({ dtype: 'float32', shape: value.shape, data }));
}
