/**
 * The families of models that are read.
 * @module
 */
import { InputError, suggest } from '../../input-error.js';
import { quote, shown } from '../../printable.js';
import { type Architecture } from '../architecture.js';
import { configReader } from './config.js';
import { isRecord } from '../weights/strict-json.js';
import { type Family } from './family.js';
import { gemma3 } from './gemma3.js';
import { gpt2 } from './gpt2.js';
import { gptNeox } from './gpt-neox.js';
import { llama, mistral, qwen2, qwen3 } from './llama.js';

export { type Family } from './family.js';

/** All families, in the order of their names. */
export const families: readonly Family[] = [gemma3, gpt2, gptNeox, llama, mistral, qwen2, qwen3];

/**
 * The family of a parsed `config.json`. One without a `model_type` is a GPT-2's, as older ones are written.
 * @throws InputError for an unknown family, with the known ones
 */
export function familyOf(json: unknown, file = 'config.json'): Family {
  if (!isRecord(json)) throw new InputError(`${file} is not a config: an object is expected.`);
  const type = json['model_type'] ?? 'gpt2';
  const known = families.map((family) => family.type);
  const family = families.find((one) => one.type === type || one.within?.type === type);
  if (family !== undefined) return family;
  const given = typeof type === 'string' ? quote(type) : shown(JSON.stringify(type));
  const near = typeof type === 'string' ? suggest(type, known) : '';
  throw new InputError(`${file}: models of type ${given} are not read.${near} Known: ${known.join(', ')}.`);
}

/**
 * The architecture that a parsed `config.json` describes.
 * @throws InputError naming the field that is missing, wrong or asks for something not supported
 */
export function readArchitecture(json: unknown, file = 'config.json'): Architecture {
  const family = familyOf(json, file);
  const config = isRecord(json) ? json : {};
  const { within } = family;
  if (within === undefined || config['model_type'] !== within.type)
    return family.read(configReader(config, file));
  const { field, defaults } = within;
  const inner = config[field];
  if (!isRecord(inner))
    throw new InputError(`${file}: "${field}" must be an object: the language model's config.`);
  return family.read(configReader({ ...defaults, ...inner }, `${file}: ${field}`));
}
