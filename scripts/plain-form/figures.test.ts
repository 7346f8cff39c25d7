/**
 * Figures of the plain form stand beside those of the completed form wherever these do.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decoderCard } from '../../src/jobs/cards.js';
import { decoderRecipe, tasks } from '../../src/studies/index.js';
import { figuresOf, formsTable, shippedProvenance, textsOf, written } from './figures.js';

const figures = written(JSON.parse(readFileSync('docs/figures/plain-form.json', 'utf8')));

it('every text has the figures of the file', async () => {
  for (const [path, text] of await textsOf(figures)) expect(readFileSync(path, 'utf8'), path).toBe(text);
});

describe('a finished training of the plain form', () => {
  const shipped = shippedProvenance('addition');
  const made = decoderRecipe('addition', 'fast', 4);
  const recipe = {
    ...made,
    architecture: { ...made.architecture, form: 'plain' as const },
    schedule: { ...made.schedule, steps: 2000 },
  };
  const sites = [
    { site: 'blocks.0.hook_resid_pre', rate: 0.5, valid: 0.9 },
    { site: 'blocks.1.hook_resid_post', rate: 0.25, valid: 0.7 },
  ];
  const provenance = {
    ...shipped,
    recipe,
    steps: 2000,
    seconds: 3030,
    figures: { queries: 400, average: 0.375, sites },
  };

  it('gives its rate, its steps and its command, which go into card and table', () => {
    const own = figuresOf(provenance, 'runs/plain');
    expect(own).toEqual({
      addition: {
        steps: 2000,
        minutes: 50.5,
        average: 0.375,
        valid: 0.8,
        queries: 400,
        command: 'inversionview train-decoder addition --form plain --steps 2000 --seed 4',
      },
    });
    const [task] = tasks.filter(({ name }) => name === 'addition');
    if (task === undefined) throw new Error('no addition');
    const card = decoderCard(task, shipped, { heldOut: true, plain: own['addition'] ?? null });
    expect(card).toContain(
      'after 2,000 steps (here: 12,000): **37.5%** inside, 80.0% valid, over 400 queries a site',
    );
    expect(formsTable(own)).toMatch(
      /\| addition \| plain \| 2,000 \| 37\.5% \| 80\.0% \| `inversionview train-decoder addition --form plain --steps 2000 --seed 4` \|/,
    );
    expect(formsTable({})).not.toContain('plain');
  });

  it.each([
    ['is not of the plain form', { ...provenance, recipe: made }],
    ['has no figures', { ...provenance, figures: null }],
    ['was trained on another model', { ...provenance, model: { ...shipped.model, hash: '00' } }],
    ['has another recipe than fast', { ...provenance, recipe: { ...recipe, clip: 2 } }],
  ])('is refused when it %s', (message, other) => {
    expect(() => figuresOf(other, 'runs/plain')).toThrow(`runs/plain ${message}`);
  });
});

describe('the card of a decoder', () => {
  it('says held-out only where the probed model is known not to have trained on the queries', () => {
    for (const task of tasks) {
      const own = decoderCard(task, shippedProvenance(task.name), { heldOut: true });
      const other = decoderCard(task, shippedProvenance(task.name), { heldOut: false });
      expect(own).toContain('share of held-out queries');
      expect(other).not.toMatch(/held.out/);
      expect(other).toContain('queries that it was not trained on (the probed model may have been)');
    }
  });
});
