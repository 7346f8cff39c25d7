/**
 * What a checkpoint is, before anything is run: family, sizes, tokenizer, memory, and where it comes from.
 * @module
 */
import { type Architecture, parameterBytes } from '../models/architecture.js';
import { type Family } from '../models/families/index.js';
import { hookNames } from '../models/hooks.js';
import { type TextTokenizer } from '../models/tokenizers/text-tokenizer.js';
import { type FoundModel, openFound } from './open-model.js';

/** What `inversionview model NAME --json` prints. */
export interface ModelRecord
  extends
    FoundModel,
    Pick<
      Architecture,
      | 'layers'
      | 'width'
      | 'heads'
      | 'keyValueHeads'
      | 'headWidth'
      | 'inner'
      | 'vocabulary'
      | 'positions'
      | 'tied'
    > {
  /** Its `model_type`. */
  readonly family: string;
  readonly parameters: number;
  /** In float32. */
  readonly bytes: number;
  /** Element types of the file, each once: `F32`, `BF16`, `Q4_K`. */
  readonly stored: readonly string[];
  /** How many hooks there are. */
  readonly hooks: number;
  readonly tokenizer: {
    readonly tokens: number;
    readonly specials: readonly string[];
    /** Id of the token before texts; null for none. */
    readonly bos: number | null;
  } | null;
}

/** A model that was looked at. */
export interface DescribedModel {
  readonly record: ModelRecord;
  readonly family: Family;
  readonly tokenizer: TextTokenizer | null;
  /** Why there is no tokenizer, as a sentence; null where there is one. */
  readonly noTokenizer: string | null;
}

/**
 * Looks at a model that was found; its weights are not read.
 * @throws InputError for files that are missing, damaged or of a family that is not read
 */
export async function describeModel(found: FoundModel): Promise<DescribedModel> {
  const { architecture, family, tokenizer, noTokenizer, tensors } = await openFound(found);
  const stored = [...new Set([...tensors.tensors.values()].map(({ stored, dtype }) => stored ?? dtype))];
  await tensors.close();
  const { layers, width, heads, keyValueHeads, headWidth, inner, vocabulary, positions, tied } = architecture;
  const bytes = parameterBytes(architecture);
  const record: ModelRecord = {
    name: found.name,
    path: found.path,
    source: found.source,
    family: family.type,
    layers,
    width,
    heads,
    keyValueHeads,
    headWidth,
    inner,
    vocabulary,
    positions,
    tied,
    parameters: bytes / 4,
    bytes,
    stored,
    hooks: hookNames(architecture).length,
    tokenizer:
      tokenizer === null
        ? null
        : {
            tokens: tokenizer.vocabulary.length,
            specials: tokenizer.specials,
            bos: tokenizer.bos?.id ?? null,
          },
  };
  return { record, family, tokenizer, noTokenizer };
}
