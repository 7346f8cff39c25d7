/**
 * A decoder's directory: `config.json` (architecture), `model.safetensors`, `provenance.json` (what it was
 * trained on and how) and `README.md` (the model card).
 * @module
 */
import { z } from 'zod';
import { fieldProblem } from '../field-problem.js';
import { InputError } from '../input-error.js';
import { type DecoderConfig, plannedParameters, readDecoderConfig } from '../models/decoder-config.js';
import { type HookedModel } from '../models/hooked-model.js';
import { readJson } from '../models/read-json.js';
import { type Directory } from '../models/weights/byte-source.js';
import { encodeFloat16 } from '../models/weights/float16.js';
import { type ParameterSet, fingerprint } from '../models/weights/fingerprint.js';
import { openSafetensors } from '../models/weights/safetensors.js';
import { encodeSafetensors } from '../models/weights/safetensors-encode.js';
import { type TensorFile } from '../models/weights/tensor-file.js';
import { quote, shown } from '../printable.js';
import { type Decoder, makeDecoder } from './decoder.js';

/** Where a decoder comes from. */
export const provenanceSchema = z.object({
  task: z.string(),
  /** The probed model: identity of its unprocessed weights, and how they were processed. */
  model: z.object({ name: z.string(), hash: z.string(), processing: z.enum(['transformerlens', 'none']) }),
  /** The recipe it was trained by, see `decoderRecipeSchema`. */
  recipe: z.unknown(),
  steps: z.number().int(),
  seconds: z.number(),
  versions: z.record(z.string(), z.string()),
  /** In-preimage rates on queries that it was not trained on. */
  figures: z
    .object({
      queries: z.number().int(),
      average: z.number(),
      sites: z.array(
        z.object({
          site: z.string(),
          rate: z.number(),
          valid: z.number(),
          /** The share inside at other ε. */
          within: z
            .array(z.object({ epsilon: z.number(), rate: z.number() }))
            .readonly()
            .optional(),
          /** Queries asked there, where they are fewer: positions rest on a head's attention. */
          queries: z.number().int().optional(),
        }),
      ),
    })
    .nullable(),
});

/** Where a decoder comes from. */
export type Provenance = z.infer<typeof provenanceSchema>;

/** A decoder with its origin. */
export interface LoadedDecoder extends Decoder {
  readonly provenance: Provenance;
}

/**
 * Reads a decoder's directory.
 * @throws InputError when a file is missing or damaged, or config and weights disagree
 */
export async function loadDecoder(directory: Directory): Promise<LoadedDecoder> {
  const config = readDecoderConfig(await readJson(directory, 'config.json'), `${directory.name}/config.json`);
  const provenance = await readJson(directory, 'provenance.json');
  const origin = provenanceSchema.safeParse(provenance);
  if (!origin.success) {
    throw new InputError(`${directory.name}/provenance.json: ${fieldProblem(origin.error, provenance)}`);
  }
  const file = await openSafetensors(await directory.open('model.safetensors'));
  try {
    const parameters = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const [name, shape] of expectedShapes(directory.name, config, file)) {
      parameters.set(name, { shape, data: await file.readFloat32(name) });
    }
    const hash = await fingerprint(parameters);
    return {
      ...makeDecoder(`${directory.name} ${hash.slice(0, 12)}`, config, parameters),
      provenance: origin.data,
    };
  } finally {
    await file.close();
  }
}

/** The shapes that a config asks for, once the weights are known to have them all and nothing else. */
function expectedShapes(
  where: string,
  config: DecoderConfig,
  { tensors }: TensorFile,
): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const [name, { shape }] of plannedParameters(config)) {
    const info = tensors.get(name);
    const held = info === undefined ? 'no such tensor' : `[${info.shape.join(', ')}]`;
    if (info?.shape.join() !== shape.join()) {
      throw new InputError(
        `${where}: config.json asks for "${name}" [${shape.join(', ')}], the weights hold ${held}`,
      );
    }
    shapes.set(name, shape);
  }
  const unknown = [...tensors.keys()].find((name) => !shapes.has(name));
  if (unknown !== undefined) {
    throw new InputError(
      `${where}: the weights hold ${quote(unknown)}, which a decoder of this config.json does not have`,
    );
  }
  return shapes;
}

/**
 * Refuses a decoder that was trained on another model, or on this one with its weights processed otherwise.
 * @throws InputError naming both
 */
export function expectTrainedOn(decoder: LoadedDecoder, model: HookedModel): void {
  const { hash, name, processing } = decoder.provenance.model;
  if (hash !== model.hash) {
    throw new InputError(
      `The decoder ${decoder.name} was trained on ${shown(name)} (${shown(hash.slice(0, 12))}), not on ${model.name} (${model.hash.slice(0, 12)}). ` +
        'Train one for this model: inversionview train-decoder.',
    );
  }
  if (processing !== model.processing) {
    throw new InputError(
      `The decoder ${decoder.name} was trained with --processing ${processing}, the model is run with ${model.processing}.`,
    );
  }
}

/** The files of a decoder's directory; float16 halves them. */
export function decoderFiles(
  decoder: { readonly config: Decoder['config']; readonly parameters: ParameterSet },
  provenance: Provenance,
  card: string,
  dtype: 'F16' | 'F32',
): Map<string, Uint8Array> {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const tensors = [...decoder.parameters].map(([name, { shape, data }]) =>
    dtype === 'F16' ? { name, dtype, shape, data: encodeFloat16(data) } : { name, dtype, shape, data },
  );
  return new Map([
    ['config.json', text(`${JSON.stringify(decoder.config, null, 2)}\n`)],
    ['provenance.json', text(`${JSON.stringify(provenance, null, 2)}\n`)],
    ['README.md', text(card)],
    ['model.safetensors', encodeSafetensors(tensors, { format: 'inversionview-decoder' })],
  ]);
}
