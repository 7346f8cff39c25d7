/**
 * What reads a case, and the parts of requests that all readings have, in the program's own terms.
 * @module
 */
import { type Instruments, createInstruments } from '../inversion/instruments.js';
import { z } from 'zod';
import { InputError } from '../input-error.js';
import { type LoadedDecoder } from '../inversion/decoder-files.js';
import { type Reader, createReader } from '../inversion/preimage.js';
import { resolveSite } from '../models/hooks.js';
import { resolvePosition } from '../tasks/positions.js';
import { type Bench } from './bench.js';
import { type asked, seedSchema } from './fields.js';
import { limits } from './limits.js';
import { type OpenCase } from './open-cases.js';

const temperatureSchema = z.number().min(0.001).max(1000);

/** How candidates are drawn. Auto mode where neither temperature nor noise is given. */
export const drawing = {
  seed: seedSchema.default(1),
  /** Of several, each has a round; each may be given once. */
  temperature: z
    .union([temperatureSchema, z.array(temperatureSchema).min(1).max(limits.temperatures)])
    .nullable()
    .default(null),
  /** Noise on the activation, in units of its standard deviation. */
  noise: z.number().min(0).max(1000).nullable().default(null),
};

/** What reads a case. @throws InputError where it cannot be read */
export const readerOf = (own: OpenCase, bench: Bench): Reader => own.part(makeReader, bench);

/** The sampler and judges of a case: who reads it and who interprets it share them. */
export const instrumentsOf = (own: OpenCase, bench: Bench): Instruments => own.part(makeInstruments, bench);

const makeInstruments = ({ model, decoder, task }: OpenCase, { runtime }: Bench): Instruments =>
  createInstruments(runtime, model, decoder, task);

function makeReader(own: OpenCase, bench: Bench): Reader {
  const { model, decoder, task, described } = own;
  if (described.unavailable !== null) throw new InputError(described.unavailable);
  return createReader(bench.runtime, model, decoder, task, instrumentsOf(own, bench));
}

/**
 * The decoder of a case.
 * @param purpose what needs it, as the subject of a sentence: `An overview`
 * @throws InputError for a case that has none
 */
export function decoderOf({ id, decoder, described }: OpenCase, purpose: string): LoadedDecoder {
  if (decoder !== null) return decoder;
  throw new InputError(
    described.unavailable ??
      `${purpose} needs a decoder, and ${id} has none: its model searches by itself, one site and position at a time.`,
  );
}

type Asked = z.output<z.ZodObject<typeof asked>>;

/** What a request asks about. @throws InputError naming what cannot be taken */
export function askedOf(own: OpenCase, bench: Bench, { input, site, position }: Omit<Asked, 'case'>) {
  readerOf(own, bench);
  const { task } = own;
  const ids = task.encode(input);
  return {
    task,
    ids,
    site: resolveSite(site, own.decoder?.config.sites ?? task.sites),
    position: resolvePosition(task, ids, position),
  };
}

/** A choice of rounds without the parts that are left to the task. */
export const choiceOf = (choice: {
  readonly temperature: number | readonly number[] | null;
  readonly noise: number | null;
  readonly candidates?: number | undefined;
}) => ({
  ...(choice.temperature === null ? {} : { temperature: choice.temperature }),
  ...(choice.noise === null ? {} : { noise: choice.noise }),
  ...(choice.candidates === undefined ? {} : { candidates: choice.candidates }),
});
