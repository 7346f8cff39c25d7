import { describe, expect, it } from 'vitest';
import { floatsOf, graph, input, mul } from '../index.js';
import { compiled } from './compiled.js';
import { nodeRuntime } from './node.js';

const runtime = nodeRuntime({ threads: 1 });
const times = (factor: number) => graph({ y: mul(input('x', 'float32', [2]), factor) });
const x = { dtype: 'float32' as const, shape: [2], data: Float32Array.of(1, 2) };

describe('graphs compiled at first need', () => {
  it('are built once a key, also when asked for at the same time', async () => {
    const built: number[] = [];
    const graphs = compiled(runtime, (factor: number) => {
      built.push(factor);
      return times(factor);
    });
    const [one, same, other] = await Promise.all([graphs.of(2), graphs.of(2), graphs.of(3)]);
    expect(one).toBe(same);
    expect(built).toEqual([2, 3]);
    expect([...floatsOf(await one.run({ x }), 'y')]).toEqual([2, 4]);
    expect([...floatsOf(await other.run({ x }), 'y')]).toEqual([3, 6]);
    await graphs.dispose();
    await expect(one.run({ x })).rejects.toThrow(/disposed/);
    // It can be asked again.
    expect([...floatsOf(await (await graphs.of(2)).run({ x }), 'y')]).toEqual([2, 4]);
    await graphs.dispose();
  });

  it('are tried again where they could not be built, and disposed all the same', async () => {
    let broken = true;
    const graphs = compiled(runtime, (factor: number) => {
      if (broken) throw new RangeError(`no ${factor}`);
      return times(factor);
    });
    await expect(graphs.of(2)).rejects.toThrow('no 2');
    broken = false;
    expect([...floatsOf(await (await graphs.of(2)).run({ x }), 'y')]).toEqual([2, 4]);
    broken = true;
    const failing = graphs.of(5);
    await Promise.all([expect(failing).rejects.toThrow('no 5'), graphs.dispose()]);
  });
});
