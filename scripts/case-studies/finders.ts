/**
 * How much of a known set is found without going through all inputs: by a search, by a decoder and by blind draws, each with
 * at most a tenth of the inputs judged. A decoder draws in the rounds of a reading, and may have fewer different inputs to be judged. All inputs have been run, so that judging is looking up.
 * @module
 */
import {
  type Decoder,
  drawnTokens,
  inputOf,
  orderWord,
  sequenceOf,
  symbolsOf,
} from '../../src/inversion/decoder.js';
import { planCandidates } from '../../src/inversion/candidates.js';
import { type Sampler } from '../../src/inversion/sampler.js';
import { searchInputs } from '../../src/inversion/search.js';
import { verdictsBy } from '../../src/inversion/verdict.js';
import { type Random } from '../../src/random.js';
import { type HeldTask } from '../../src/tasks/held-task.js';
import { type Task } from '../../src/tasks/task.js';

/** What was found of a set, the query's own input not counted. */
export interface Tally {
  readonly judged: number;
  readonly found: number;
}

/** A set and what was found of it. */
export interface Found {
  /** Inputs of the set but the query's own. */
  readonly others: number;
  readonly search: Tally;
  /** null where no decoder knows the site. */
  readonly decoder: Tally | null;
  /** As many as blind draws, none of them twice, find on average. */
  readonly blind: Tally;
}

/** Share of the inputs that may be judged. */
const judgedShare = 0.1;
/** What is added to the logit of a symbol that no input of the set's task has at its place. */
const barred = -1e9;

/** A query whose distances are known. */
export interface KnownQuery {
  readonly ids: readonly number[];
  readonly z: Float32Array;
  /** Of each input of the held task, by its number. */
  readonly distances: Float32Array;
  readonly epsilon: number;
}

/** Finds members of sets of one task. */
export interface Finders {
  /** @param site full hook name. @param random decides the draws */
  find(site: string, query: KnownQuery, random: (name: string) => Random): Promise<Found>;
}

/** What draws from a decoder: the task with all its fillers, of which the held one has some. */
export interface AskedDecoder {
  readonly whole: Task;
  readonly decoder: Decoder;
  readonly sampler: Sampler;
}

/** @param asked null where there is no decoder */
export function createFinders(held: HeldTask, asked: AskedDecoder | null): Finders {
  const { size = 0, instance = () => [] } = held.data ?? {};
  const number = new Map(Array.from({ length: size }, (_, input) => [instance(input).join(), input]));
  const bias =
    asked === null
      ? null
      : allowedSymbols(
          asked,
          Array.from({ length: size }, (_, input) => instance(input)),
        );
  const budget = Math.round(judgedShare * size);

  /** Counts distinct inputs as they come; no more than may be judged. */
  function tally({ ids, distances, epsilon }: KnownQuery) {
    const seen = new Set<number>();
    const own = number.get(ids.join());
    let found = 0;
    return {
      /** Whether it is one of the inputs, and new; it is then judged. */
      add(input: number | undefined): void {
        if (input === undefined || input === own || seen.has(input) || seen.size >= budget) return;
        seen.add(input);
        if ((distances[input] ?? Infinity) <= epsilon) found += 1;
      },
      full: () => seen.size >= budget,
      result: (): Tally => ({ judged: seen.size, found }),
    };
  }

  async function bySearch(query: KnownQuery, random: Random): Promise<Tally> {
    const counted = tally(query);
    const distanceOf = (ids: readonly number[]): number =>
      query.distances[number.get(ids.join()) ?? -1] ?? Infinity;
    const walk = searchInputs(held, query.ids, {
      // The query's own is the first that it judges.
      budget: budget + 1,
      epsilon: query.epsilon,
      random,
      judge: (inputs) =>
        Promise.resolve(
          inputs.map((ids) => {
            const distance = distanceOf(ids);
            return {
              ids,
              valid: true,
              verdicts: verdictsBy(() => ({ distances: Float32Array.of(distance), distance, position: 0 })),
            };
          }),
        ),
      distanceOf: ({ ids }) => distanceOf(ids),
    });
    for await (const judged of walk) for (const { ids } of judged) counted.add(number.get(ids.join()));
    return counted.result();
  }

  async function byDecoder(site: string, query: KnownQuery, random: Random): Promise<Tally | null> {
    if (asked === null || bias === null) return null;
    const { whole, decoder, sampler } = asked;
    const row = decoder.config.sites.indexOf(site);
    if (row < 0) return null;
    const counted = tally(query);
    const { tokens } = sampler;
    const { request } = planCandidates(query.z, row, whole.rounds, tokens, random);
    const symbols = await sampler.sample({ ...request, bias });
    for (let at = 0; at < symbols.length; at += tokens) {
      const said = symbols.subarray(at, at + tokens);
      const order = orderWord(request.uniforms.subarray(at, at + tokens));
      counted.add(number.get(inputOf(whole, decoder.config.form, said, order).join()));
    }
    return counted.result();
  }

  return {
    async find(site, query, random) {
      const inside = query.distances.filter((distance) => distance <= query.epsilon).length;
      const others =
        inside - ((query.distances[number.get(query.ids.join()) ?? -1] ?? Infinity) <= query.epsilon ? 1 : 0);
      return {
        others,
        search: await bySearch(query, random('search')),
        decoder: await byDecoder(site, query, random('decoder')),
        blind: { judged: budget, found: (budget * others) / (size - 1) },
      };
    },
  };
}

/** Bars what no input says at its place: a decoder of all fillers is asked for the inputs of one pass alone. */
function allowedSymbols(
  { whole, decoder }: AskedDecoder,
  inputs: readonly (readonly number[])[],
): Float32Array {
  const { form } = decoder.config;
  const { size } = symbolsOf(whole, form);
  const tokens = drawnTokens(whole, form);
  const bias = new Float32Array(tokens * size).fill(barred);
  for (const ids of inputs)
    sequenceOf(whole, form, ids).forEach((symbol, at) => {
      if (at > 0) bias[(at - 1) * size + symbol] = 0;
    });
  // Behind the last that is said nothing is read.
  for (let at = 0; at < tokens; at++) {
    const step = bias.subarray(at * size, (at + 1) * size);
    if (step.every((one) => one === barred)) step.fill(0);
  }
  return bias;
}
