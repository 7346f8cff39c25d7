/**
 * The published addition checkpoint, all 810,000 inputs of it: what is known of its first head.
 */
import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { openExactPreimages } from '../../src/inversion/enumerate/exact.js';
import { createInterpreter } from '../../src/interpret/interpreter.js';
import { activationsOf } from '../../src/interpret/queries.js';
import { addition } from '../../src/studies/index.js';
import { publishedModel, reference } from '../fixtures/reference.js';

describe('a0.0 at "=" of 835+141=976', () => {
  // One pass of 810,000 inputs: ten seconds on two quiet processors, minutes where others are at work.
  it(
    'is the two hundreds with their order lost: 20,000 inputs, 5.34 bits',
    { timeout: 600_000 },
    async ({ skip }) => {
      skip(reference.absent, reference.reason);
      const runtime = nodeRuntime();
      const model = await publishedModel('addition', 'transformerlens');
      const site = 'blocks.0.attn.hook_result.0';
      const ids = addition.encode('835+141=976');
      const [z = new Float32Array(0)] = await activationsOf(runtime, model, addition, site, [
        { ids, position: 8 },
      ]);
      let last = 0;
      const onProgress = (done: number): void => {
        expect(done).toBeGreaterThan(last);
        last = done;
      };
      const exact = await openExactPreimages(runtime, model, addition, 'a0.0', { onProgress });
      expect(last).toBe(810_000);
      for (const epsilon of [0.1, 0.05]) {
        const set = await exact.find(z, { epsilon });
        expect(set).toMatchObject({ size: 20_000, total: 810_000 });
        expect(set.bits).toBeCloseTo(5.34, 2);
        for (const member of set.members.filter((_, at) => at % 997 === 0)) {
          const [, f1, , , , s1] = addition.data.instance(member);
          expect([f1, s1].sort()).toEqual([1, 8]);
        }
      }
      const interpreter = createInterpreter(runtime, model, null, addition);
      const answer = await interpreter.interpret({ ids, site, z, seed: 1, exact });
      const { exact: known, estimate, features } = answer;
      const readout = answer.readout();
      expect(known?.size).toBe(20_000);
      expect(estimate).toBeNull();
      expect(readout.sentence).toBe('F1 and S1, order lost; nothing of the tens and the ones');
      expect(readout.accounted).toBeCloseTo(5.34, 2);
      expect(features[0]).toMatchObject({ feature: '{F1,S1}', consistency: 1, value: '1,8' });
      await interpreter.dispose();
      await exact.dispose();
    },
  );
});
