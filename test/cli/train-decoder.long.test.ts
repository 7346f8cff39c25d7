/**
 * `train-decoder` for a model of one's own: a few steps, stopped and gone on with, and the commands that take what
 * it writes.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gpt2Files } from '../../src/models/gpt2-files.js';
import { addition } from '../../src/studies/index.js';
import { probedModelConfig } from '../../src/training/model-training.js';
import { smallWeights } from '../fixtures/small-gpt2.js';
import { bundledCommand, type Command, refusal } from './command.js';

let command: Command;
beforeAll(async () => {
  command = await bundledCommand();
  const config = probedModelConfig(addition);
  mkdirSync(join(command.folder, 'mine'));
  for (const [file, bytes] of gpt2Files(config, smallWeights(config)))
    writeFileSync(join(command.folder, 'mine', file), bytes);
});
afterAll(() => command.dispose());

const training = [
  'train-decoder',
  'addition',
  '--model',
  'mine',
  '--steps',
  '6',
  '--batch',
  '16',
  '--seed',
  '3',
];
const weights = (directory: string): Buffer =>
  readFileSync(join(command.folder, directory, 'model.safetensors'));

describe('train-decoder', () => {
  it('stops at Ctrl-C with 130, goes on, and ends with what the other commands take', async () => {
    // The directory is there as soon as the first step is about to be taken.
    const stopped = command.run([...training, '--out', 'decoder'], {
      shell: `"$@" & while [ ! -e decoder/recipe.json ]; do sleep 0.01; done; kill -INT $!; wait $!`,
    });
    expect(await stopped).toMatchObject({ code: 130, stdout: '' });
    expect((await stopped).stderr).toContain(
      'Stopped. Go on with: inversionview train-decoder --resume decoder',
    );
    expect(existsSync(join(command.folder, 'decoder', 'model.safetensors'))).toBe(false);

    // Without the model it was trained on there is no going on.
    expect(refusal(await command.run(['train-decoder', '--resume', 'decoder']))).toMatch(
      /^decoder was trained on another model \([0-9a-f]{12}\): give it with --model\.$/,
    );
    const [resumed, unbroken] = await Promise.all([
      command.run(['train-decoder', '--resume', 'decoder', '--model', 'mine']),
      command.run([...training, '--out', 'unbroken']),
    ]);
    expect(resumed).toMatchObject({ code: 0, stdout: 'Written: decoder (its README.md has the figures)\n' });
    expect(unbroken.stderr).toMatch(
      /^step 6\/6 {2}loss \d\.\d{4} {2}\d+ s {2}rate 0\.\d{3} {2}x0\.pre 0\.\d{3} {2}a0\.0 [^\n]*x1\.post 0\.\d{3}\n$/,
    );
    expect(weights('decoder').equals(weights('unbroken'))).toBe(true);

    const given = ['--model', 'mine', '--decoder', 'decoder', '--json'];
    const query = ['read', '--input', '615+861=1476', '--site', 'x1.mid', '--position', 'A2', '-n', '32'];
    const [read, evaluated, other] = await Promise.all([
      command.run([...query, ...given]),
      command.run(['evaluate', '--queries', '8', '--sites', 'a1.0', ...given]),
      command.run([...query, '--decoder', 'decoder', '--json']),
    ]);
    expect(JSON.parse(read.stdout)).toMatchObject({ candidates: 32, query: { position: 10 } });
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ sites: [{ site: 'blocks.1.attn.hook_result.0' }] });
    expect(refusal(other)).toMatch(/ was trained on mine \([0-9a-f]{12}\), not on shipped addition model \(/);
  });
});
