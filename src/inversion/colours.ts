/**
 * Colours of tokens: what an activation adds to the likelihood of each token of an input, `p(token | z_q) − p(token | z_BOS)`
 * under a decoder. A token that the decoder says is judged given what it says before; one that follows from others, over
 * all inputs that the decoder says; one that every input has at its place is not judged.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { randomFor } from '../random.js';
import { type Origin, type Task } from '../tasks/task.js';
import { type Decoder, originsOf } from './decoder.js';
import { type Marginals, drawMarginals } from './marginals.js';
import { type Sampler } from './sampler.js';
import { createScorer } from './score.js';

/** The colours of one input. */
export interface Colours {
  /** A number a token, −1 … 1; null where the token is not judged. */
  readonly tokenDelta: readonly (number | null)[];
  /** Indices of the tokens that follow from others, which are judged over all inputs that the decoder says. */
  readonly follows: readonly number[];
}

/** Colours tokens. */
export interface Colourist {
  /**
   * @param z the activation; what is drawn for it is drawn once for an array
   * @param bos that of BOS at the same site
   * @param site number of the site in the decoder
   * @param inputs ids from BOS on
   */
  colour(
    z: Float32Array,
    bos: Float32Array,
    site: number,
    inputs: readonly (readonly number[])[],
  ): Promise<Colours[]>;
  dispose(): Promise<void>;
}

/** Makes a colourist. @param sampler gives one of the decoder */
export function createColourist(
  runtime: Runtime,
  decoder: Decoder,
  task: Task,
  sampler: () => Sampler,
): Colourist {
  const known = new WeakMap<readonly number[], readonly Origin[] | null>();
  const originsAt = (ids: readonly number[]): readonly Origin[] | null => {
    const origins = known.get(ids) ?? originsOf(task, decoder.config.form, ids);
    known.set(ids, origins);
    return origins;
  };
  const scorer = createScorer(runtime, decoder, task, originsAt);
  const drawn = new WeakMap<Float32Array, Promise<Marginals>>();
  const blank = new Map<number, Promise<Marginals>>();
  // The same points for every activation: what does not depend on it comes out the same to the last digit.
  const draw = (z: Float32Array, site: number): Promise<Marginals> =>
    drawMarginals(sampler(), decoder, task, z, site, randomFor(1, 'marginals'));
  return {
    async colour(z, bos, site, inputs) {
      const given = await scorer.probabilities(inputs, z, site);
      const without = await scorer.probabilities(inputs, bos, site);
      const following = inputs.map(
        (ids) => originsAt(ids)?.flatMap(({ kind }, at) => (kind === 'follows' ? [at] : [])) ?? [],
      );
      const deltas = inputs.map((ids, row) =>
        ids.map((_, at) => difference(given[row]?.[at], without[row]?.[at])),
      );
      if (following.some(({ length }) => length > 0)) {
        const own = drawn.get(z) ?? draw(z, site);
        drawn.set(z, own);
        const usual = blank.get(site) ?? draw(bos, site);
        blank.set(site, usual);
        const [ofOwn, ofUsual] = [await own, await usual];
        inputs.forEach((ids, row) => {
          const follows = following[row] ?? [];
          const [likely, before] = [ofOwn.of(ids, follows), ofUsual.of(ids, follows)];
          follows.forEach((at, index) => {
            (deltas[row] ?? [])[at] = difference(likely[index], before[index]);
          });
        });
      }
      return deltas.map((tokenDelta, row) => ({ tokenDelta, follows: following[row] ?? [] }));
    },
    dispose: () => scorer.dispose(),
  };
}

const difference = (given: number | null | undefined, without: number | null | undefined): number | null =>
  typeof given === 'number' && typeof without === 'number' ? given - without : null;
