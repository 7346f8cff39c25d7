import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { smallWeights } from '../../test/fixtures/small-gpt2.js';
import { probedModel, smallDecoder } from '../../test/fixtures/task-models.js';
import { meetingsTask, modelFor as modelOfTemplate } from '../../test/fixtures/template-models.js';
import { InputError } from '../input-error.js';
import { type Provenance, decoderFiles } from '../inversion/decoder-files.js';
import { type Decoder } from '../inversion/decoder.js';
import { probedModelConfig } from '../training/model-training.js';
import { gpt2Files } from '../models/gpt2-files.js';
import { addition, counting } from '../studies/index.js';
import { tasks } from '../../test/fixtures/shipped-tasks.js';
import { type TemplateTask } from '../tasks/index.js';
import { writeDirectoryAtomic } from './files.js';
import { packageDirectory } from './package-directory.js';
import { decoderFor, modelFor, shippedDirectory } from './shipped.js';

const root = mkdtempSync(join(tmpdir(), 'inversionview-shipped-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
async function written(files: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const directory = join(root, String(made++));
  await writeDirectoryAtomic(directory, Object.fromEntries(files));
  return directory;
}
async function refused(promise: Promise<unknown>, message: RegExp): Promise<void> {
  await expect(promise).rejects.toThrow(InputError);
  await expect(promise).rejects.toThrow(message);
  await expect(promise).rejects.toThrow(/^[^\n]*$/);
}

const model = await probedModel(addition);
const config = probedModelConfig(addition);
const raw = smallWeights(config);
const modelDirectory = await written(gpt2Files(config, raw));
const decoderDirectory = (decoder: Decoder, changes: Partial<Provenance> = {}): Promise<string> => {
  const provenance: Provenance = {
    task: 'addition',
    model: { name: 'mine', hash: model.hash, processing: 'transformerlens' },
    recipe: {},
    steps: 1,
    seconds: 1,
    versions: {},
    figures: null,
    ...changes,
  };
  return written(decoderFiles(decoder, provenance, '', 'F16'));
};

describe('the shipped weights', () => {
  it('lie in the package', () => {
    expect(existsSync(join(packageDirectory(), 'package.json'))).toBe(true);
    expect(shippedDirectory('addition', 'decoder')).toBe(
      join(packageDirectory(), 'weights', 'addition', 'decoder'),
    );
  });

  it.each(tasks)('have a model of $name that fits, processed as asked', async (task) => {
    const [processed, raw] = [
      await modelFor(task, undefined, 'transformerlens'),
      await modelFor(task, undefined, 'none'),
    ];
    expect(processed.name).toBe(`shipped ${task.name} model`);
    expect(processed.hash).toBe(raw.hash);
    expect([processed.processing, raw.processing]).toEqual(['transformerlens', 'none']);
    expect(processed.architecture).toMatchObject({
      width: task.model.width,
      layers: task.model.layers,
      heads: task.model.heads,
    });
    expect(processed.parameters.get('wte.weight')?.data).not.toEqual(raw.parameters.get('wte.weight')?.data);
  });
});

describe('a model of a directory', () => {
  it('is read as it is', async () => {
    const read = await modelFor(addition, modelDirectory, 'none');
    expect(read.name).toBe(modelDirectory);
    expect(read.parameters).toEqual(raw);
    expect(read.hash).toBe(model.hash);
    // Nobody says what it learned from.
    expect(read).not.toHaveProperty('trainedOn');
  });

  it('is refused when the task does not fit it', async () => {
    await refused(
      modelFor(counting, modelDirectory, 'none'),
      /has 15 tokens and 14 positions; counting needs 40 tokens and 33 positions\.$/,
    );
    const short = { ...config, n_positions: 12 };
    const directory = await written(gpt2Files(short, smallWeights(short)));
    await refused(
      modelFor(addition, directory, 'none'),
      /has 15 tokens and 12 positions; addition needs 15 tokens and 14 positions\.$/,
    );
  });

  it('is refused when it is not there', async () => {
    await refused(modelFor(addition, join(root, 'none'), 'none'), /none does not exist\.$/);
  });
});

describe('a decoder of a directory', () => {
  const decoder = smallDecoder(addition);
  const probed = () => modelFor(addition, modelDirectory, 'transformerlens');

  it('is read for the model that it was trained on', async () => {
    const directory = await decoderDirectory(decoder);
    const read = await decoderFor(addition, directory, await probed());
    expect(read.name).toMatch(new RegExp(`^${directory} [0-9a-f]{12}$`));
    expect(read.config).toEqual(decoder.config);
  });

  it('is refused for another model, another task, or other tokens', async () => {
    const own = await probed();
    await refused(
      decoderFor(addition, await decoderDirectory(decoder), { ...own, hash: 'f'.repeat(64) }),
      /was trained on mine \(.{12}\), not on/,
    );
    await refused(
      decoderFor(addition, await decoderDirectory(decoder, { task: 'counting' }), own),
      /was trained for counting, not for addition\.$/,
    );
    await refused(
      decoderFor(addition, await decoderDirectory(smallDecoder(addition, { vocabulary: 14 })), own),
      /has 14 tokens and 6 places; addition needs 15 tokens and 6 places\.$/,
    );
    await refused(
      decoderFor(addition, await decoderDirectory(smallDecoder(addition, { form: 'plain', places: 6 })), own),
      /has 15 tokens and 6 places; addition needs 15 tokens and 13 places\.$/,
    );
  });

  it('is refused for other symbols than those of a template', async () => {
    const task: TemplateTask = await meetingsTask();
    const own = await modelOfTemplate(task);
    const sized = { ...task, model: { layers: 2, heads: 3, width: 12 } };
    const provenance = {
      task: task.name,
      model: { name: 'mine', hash: own.hash, processing: 'none' as const },
    };
    const read = async (vocabulary: number): Promise<unknown> =>
      decoderFor(task, await decoderDirectory(smallDecoder(sized, { vocabulary }), provenance), own);
    await expect(read(12)).resolves.toMatchObject({ config: { vocabulary: 12 } });
    await refused(read(13), /has 13 tokens and 5 places; meetings needs 12 tokens and 5 places\.$/);
  });

  it('is asked for where none is shipped', async () => {
    const task = await meetingsTask();
    await refused(
      decoderFor(task, undefined, await modelOfTemplate(task)),
      /^No decoder is shipped for meetings: give one with --decoder, which train-decoder makes, or search without one by --search\.$/,
    );
  });

  it('is refused when it is not there', async () => {
    await refused(decoderFor(addition, join(root, 'none'), await probed()), /none does not exist\.$/);
    await refused(decoderFor(addition, modelDirectory, await probed()), /config\.json: "layers" is missing$/);
  });
});
