/**
 * `inversionview model`: what a checkpoint is.
 * @module
 */
import { type Command } from 'commander';
import { describeModel } from '../jobs/describe-model.js';
import { hubSettings } from '../jobs/hub/settings.js';
import { findModel } from '../jobs/open-model.js';
import { families } from '../models/families/index.js';
import { sizeText } from '../report/wording.js';
import { printJson } from './options.js';
import { showFetching } from './options.js';

/** Adds the command. */
export function modelCommand(program: Command): void {
  program
    .command('model')
    .argument('<model>', 'a checkpoint directory, a .gguf file, or a name on the hub: owner/name[@revision]')
    .option('--offline', 'make no request: models of the hub come from the cache alone')
    .option('--json', 'print the data')
    .addHelpText(
      'after',
      `
Examples:
  inversionview model openai-community/gpt2
  inversionview model EleutherAI/pythia-70m@step143000
  inversionview model ./SmolLM2-135M-Instruct.Q4_1.gguf

Families that are read:
${families.map(({ type, about }) => `  ${type.padEnd(12)} ${about}`).join('\n')}

Files of the hub go into Hugging Face's own cache (HF_HOME, HF_HUB_CACHE), with HF_TOKEN, HF_ENDPOINT and
HF_HUB_OFFLINE heeded as Python heeds them.`,
    )
    .action(async (name: string, options: { offline?: true; json?: true }) => {
      const hub = hubSettings(process.env, options.offline === true);
      const found = await findModel(name, { hub, onFile: showFetching });
      const { record, family, tokenizer, noTokenizer } = await describeModel(found);
      if (options.json === true) {
        printJson(record);
        return;
      }
      const { heads, keyValueHeads, headWidth, vocabulary, parameters, stored } = record;
      const bos = tokenizer?.bos ?? null;
      const grouped = keyValueHeads === heads ? '' : ` sharing ${keyValueHeads} keys and values`;
      const before = bos === null ? 'none' : `${tokenizer?.vocabulary[bos.id] ?? ''} (id ${bos.id})`;
      const lines: [string, string][] = [
        ['model', found.name],
        ['from', found.path],
        ['family', `${family.type}: ${family.about}`],
        ['layers', String(record.layers)],
        ['width', `${record.width}, MLPs ${record.inner}`],
        ['heads', `${heads} of ${headWidth}${grouped}`],
        ['positions', record.positions.toLocaleString('en')],
        [
          'vocabulary',
          `${vocabulary.toLocaleString('en')}, unembedding ${record.tied ? 'tied' : 'of its own'}`,
        ],
        ['parameters', parameters.toLocaleString('en')],
        ['memory', `${sizeText(record.bytes)} in float32; stored as ${stored.join(', ')}`],
        [
          'tokenizer',
          tokenizer === null
            ? (noTokenizer ?? 'none')
            : `${tokenizer.vocabulary.length.toLocaleString('en')} tokens`,
        ],
        ['before texts', tokenizer === null ? 'nothing: give --ids' : `${before}; --bos takes another`],
      ];
      for (const [what, value] of lines) process.stdout.write(`${what.padEnd(13)} ${value}\n`);
    });
}
