/**
 * Which rounds a query is sampled in.
 * @module
 */
import { InputError } from '../input-error.js';
import { type SamplingRound, type Task } from '../tasks/task.js';

/** Most candidates of one query. */
export const mostCandidates = 100_000;
/** Sharper or flatter changes nothing any more; further out float32 fails. */
const [leastTemperature, mostTemperature] = [0.001, 1000];
const mostNoise = 1000;
/** Most temperatures of one query. */
export const mostTemperatures = 16;

/** What a person may choose; auto mode where neither temperature nor noise is given. */
export interface RoundChoice {
  /** Several give a round each, of equal sizes as far as the candidates go. */
  readonly temperature?: number | readonly number[];
  readonly noise?: number;
  readonly candidates?: number;
}

/**
 * The rounds of a query. In auto mode the task's own rounds are cut or repeated to the number of candidates;
 * otherwise all candidates come from one round, or one for each temperature, in their order.
 * @throws InputError for a temperature, a noise or a number of candidates out of its range, for a temperature given twice,
 *   and for fewer candidates than temperatures
 */
export function roundsFor(
  task: Task,
  { temperature, noise, candidates }: RoundChoice,
): readonly SamplingRound[] {
  const all = task.rounds.reduce((sum, round) => sum + round.candidates, 0);
  const wanted = candidates ?? all;
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > mostCandidates) {
    throw new InputError(`${wanted} candidates are not accepted: give 1 to ${mostCandidates}.`);
  }
  const temperatures = temperature === undefined ? [] : [temperature].flat();
  for (const one of temperatures) {
    if (one >= leastTemperature && one <= mostTemperature) continue;
    throw new InputError(
      `Temperature ${one} is not accepted: give a number from ${leastTemperature} to ${mostTemperature}.`,
    );
  }
  if (new Set(temperatures).size < temperatures.length)
    throw new InputError(`The temperatures ${temperatures.join(', ')} have one twice: give each once.`);
  if (temperatures.length > mostTemperatures)
    throw new InputError(
      `${temperatures.length} temperatures are too many: give ${mostTemperatures} at most.`,
    );
  if (temperatures.length > wanted) {
    throw new InputError(
      `${wanted} candidates are too few for ${temperatures.length} temperatures: give one candidate for each at least.`,
    );
  }
  if (noise !== undefined && !(noise >= 0 && noise <= mostNoise)) {
    throw new InputError(`Noise ${noise} is not accepted: give a number from 0 to ${mostNoise}.`);
  }
  if (temperature !== undefined || noise !== undefined) {
    const each = temperatures.length === 0 ? [1] : temperatures;
    return each.map((one, at) => ({
      temperature: one,
      noise: noise ?? 0,
      candidates: Math.floor((wanted * (at + 1)) / each.length) - Math.floor((wanted * at) / each.length),
    }));
  }
  const rounds: SamplingRound[] = [];
  for (let left = wanted, at = 0; left > 0; at++) {
    const round = task.rounds[at % task.rounds.length];
    if (round === undefined) throw new InputError(`${task.name} has no rounds.`);
    rounds.push({ ...round, candidates: Math.min(left, round.candidates) });
    left -= round.candidates;
  }
  return rounds;
}

/**
 * Auto mode with few candidates: the same mixture of temperatures and noise as all of its rounds, so that shares can be
 * compared with those of a whole reading.
 */
export function thinnedRounds(task: Task, candidates: number): readonly SamplingRound[] {
  const all = task.rounds.reduce((sum, round) => sum + round.candidates, 0);
  const kinds = new Map<string, SamplingRound>();
  for (const round of task.rounds) {
    const key = `${round.temperature} ${round.noise}`;
    const before = kinds.get(key)?.candidates ?? 0;
    kinds.set(key, { ...round, candidates: before + round.candidates });
  }
  let [seen, given] = [0, 0];
  return [...kinds.values()].flatMap((round) => {
    seen += round.candidates;
    const own = Math.round((candidates * seen) / all) - given;
    given += own;
    return own === 0 ? [] : [{ ...round, candidates: own }];
  });
}
