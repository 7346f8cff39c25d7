/**
 * Finders are compared fairly: none judges more inputs than another may, the query's own counts for nobody, and what is
 * found was judged.
 */
import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { decoderSampler } from '../../src/inversion/instruments.js';
import { openTask } from '../../src/jobs/open-task.js';
import { decoderFor } from '../../src/jobs/shipped.js';
import { randomFor } from '../../src/random.js';
import { heldTask, featuresOf } from '../../src/tasks/index.js';
import { featureValue } from '../../src/tasks/feature.js';
import { capability } from '../../src/tasks/capabilities.js';
import { createFinders } from './finders.js';

const runtime = nodeRuntime();
const { task: few } = await openTask({ task: 'ioi', fillers: 12 });
const { task: whole, model: read } = await openTask({ task: 'ioi' });
const model = await read();
const decoder = await decoderFor(whole, undefined, model);

describe('createFinders', () => {
  const ids = few.sample(randomFor(3, 'finders'), 'test');
  const held = heldTask(few, ids);
  const { size, instance } = capability(held, 'data', 'a test');
  const [subject] = featuresOf(few, { names: ['S'] });
  if (subject === undefined) throw new Error('no subject');
  // Inside: the inputs with the query's subject.
  const distances = Float32Array.from({ length: size }, (_, input) =>
    featureValue(few, subject, instance(input)) === featureValue(few, subject, ids) ? 0 : 1,
  );
  const query = { ids, z: new Float32Array(model.architecture.width).fill(0.1), distances, epsilon: 0.1 };
  const site = decoder.config.sites[1] ?? '';

  it('lets nobody judge more than a tenth, nor count the query', async () => {
    const sampler = decoderSampler(runtime, decoder, whole);
    const finders = createFinders(held, { whole, decoder, sampler });
    const budget = Math.round(size / 10);
    for (let draw = 0; draw < 2; draw++) {
      const found = await finders.find(site, query, (name) => randomFor(draw, name));
      const inside = distances.filter((distance) => distance === 0).length;
      expect(found.others).toBe(inside - 1);
      for (const tally of [found.search, found.decoder ?? found.search]) {
        expect(tally.judged).toBeGreaterThan(0);
        expect(tally.judged).toBeLessThanOrEqual(budget);
        expect(tally.found).toBeLessThanOrEqual(Math.min(tally.judged, found.others));
      }
      expect(found.blind).toEqual({ judged: budget, found: (budget * (inside - 1)) / (size - 1) });
    }
    await sampler.dispose();
  });

  it('searches by redrawing what varies alone, and finds more than blind draws do', async () => {
    const finders = createFinders(held, null);
    let [searched, blind] = [0, 0];
    for (let draw = 0; draw < 10; draw++) {
      const found = await finders.find(site, query, (name) => randomFor(draw, name));
      expect(found.decoder).toBeNull();
      // Every step of the search stays among the inputs: none is judged in vain.
      expect(found.search.judged).toBe(found.blind.judged);
      searched += found.search.found;
      blind += found.blind.found;
    }
    expect(searched).toBeGreaterThan(blind);
  });
});
