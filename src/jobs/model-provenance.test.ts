import { describe, expect, it } from 'vitest';
import { memoryDirectory } from '../models/weights/byte-source.js';
import { modelRecipe, tasks } from '../studies/index.js';
import { trainedOn } from './model-provenance.js';
import { modelFor } from './shipped.js';

const provenance = { task: 'addition', hash: 'abc', recipe: modelRecipe('addition'), steps: 1, figures: {} };
const directory = (content: unknown) =>
  memoryDirectory('mine', {
    'provenance.json': new TextEncoder().encode(
      typeof content === 'string' ? content : JSON.stringify(content),
    ),
  });

describe('trainedOn', () => {
  it('is the task of a model that was trained here', async () => {
    expect(await trainedOn(directory(provenance), 'abc')).toBe('addition');
  });

  it.each([
    ['other weights', { ...provenance, hash: 'abd' }],
    ['the recipe of another task', { ...provenance, recipe: modelRecipe('counting') }],
    ['no recipe', { ...provenance, recipe: undefined }],
    ['the provenance of a decoder', { ...provenance, hash: undefined, model: { hash: 'abc' } }],
    ['no JSON', '{"task": "addition",'],
    ['null', 'null'],
  ])('is not known of %s', async (_, content) => {
    expect(await trainedOn(directory(content), 'abc')).toBeNull();
  });

  it('of a template is known by the hash of its texts, not by its name alone', async () => {
    const recipe = { ...modelRecipe('addition'), task: 'mine', template: 'hash of texts' };
    const own = { ...provenance, task: 'mine', recipe };
    expect(await trainedOn(directory(own), 'abc', 'hash of texts')).toBe('mine');
    expect(await trainedOn(directory(own), 'abc', 'hash of others')).toBeNull();
    expect(await trainedOn(directory(own), 'abc')).toBeNull();
    expect(await trainedOn(directory(provenance), 'abc', 'hash of texts')).toBeNull();
  });

  it('is not known of a checkpoint without provenance', async () => {
    expect(await trainedOn(memoryDirectory('theirs', {}), 'abc')).toBeNull();
  });

  it.each(tasks)('is known of the shipped model of $name', async (task) => {
    expect((await modelFor(task, undefined, 'none')).trainedOn).toBe(task.name);
  });
});
