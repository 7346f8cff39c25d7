/**
 * What sentences are measured on: the inputs inside a preimage, those outside, and what is near activations that hold
 * nothing of the query. It is known whole, drawn from a decoder, or found by a search, which says of each find that it
 * is inside and nothing of how often such inputs occur.
 * @module
 */
import { capability } from '../../tasks/capabilities.js';
import { type Runtime } from '../../engine/index.js';
import { type Decoder } from '../../inversion/decoder.js';
import { type ExactPreimages } from '../../inversion/enumerate/exact.js';
import { type Instruments } from '../../inversion/instruments.js';
import { type Reader } from '../../inversion/preimage.js';
import { type Control } from '../../inversion/reading-parts.js';
import { type QueryRun } from '../../inversion/view.js';
import { type HookedModel, isLarge } from '../../models/hooked-model.js';
import { type Random, randomFor } from '../../random.js';
import { type SamplingRound } from '../../tasks/task.js';
import { type Information, exactInformation } from '../by-place.js';
import { type ControlDraws, type ControlView, decoderDraws, searchDraws } from '../controls.js';
import { fewestEffective, foundWeights } from '../estimate.js';
import { controlVectors } from '../exact-controls.js';
import { type Interpreter } from '../interpreter.js';
import { type Prior } from '../prior.js';
import { type InputSet, drawnSet, enumeratedSet } from './input-set.js';

/** Inputs near a control, or drawn for it. */
export interface ControlEvidence {
  readonly activation: Control['activation'];
  /** One for each vector. */
  readonly sets: readonly InputSet[];
}

/** What is known of one preimage. */
export interface Evidence {
  readonly kind: 'exact' | 'decoder' | 'search';
  readonly prior: Prior;
  /** The query's input. */
  readonly ids: readonly number[];
  /** The size of the preimage in bits; without ends where nothing is known of it. */
  readonly information: Information | null;
  readonly inside: InputSet;
  /** All inputs outside, or blind draws of them. */
  readonly outside: InputSet;
  readonly controls: readonly ControlEvidence[];
}

/** The query of an evidence. */
export interface EvidenceQuery extends ControlView {
  readonly ids: readonly number[];
  /** Full hook name. */
  readonly site: string;
  readonly position: number;
  readonly z: Float32Array;
  readonly seed: number;
}

/** An input of the task, drawn as the task draws. */
export function drawInput({ task, complete, inputs }: Prior, random: Random): number[] {
  const purpose = 'A share of all inputs';
  return complete
    ? capability(task, 'data', purpose).instance(random.int(inputs))
    : capability(task, 'distribution', purpose).draw(random);
}

/** Nearest inputs of an enumerated task to an activation: those within ε, and at least so many. */
async function nearest(
  exact: ExactPreimages,
  prior: Prior,
  z: Float32Array,
  { epsilon, metric, onlyAt }: ControlView & { readonly onlyAt: string | null },
  least: number,
): Promise<InputSet> {
  const { distances } = await exact.find(z, { epsilon, metric, onlyAt });
  const sorted = distances.filter(Number.isFinite).sort();
  const reach = Math.max(epsilon, sorted[Math.min(least, sorted.length) - 1] ?? 0);
  const members: number[] = [];
  distances.forEach((distance, input) => {
    if (distance <= reach) members.push(input);
  });
  return enumeratedSet(prior, members);
}

/**
 * What is near activations that hold nothing of a query: the inputs within ε of each, and as many of the nearest as the
 * preimage has, as near a random vector there is hardly ever one.
 * @param size inputs of the preimage
 */
export async function exactControlSets(
  runtime: Runtime,
  model: HookedModel,
  prior: Prior,
  exact: ExactPreimages,
  { ids, z, seed, ...view }: Omit<EvidenceQuery, 'site' | 'position'> & { readonly onlyAt: string | null },
  size: number,
  onProgress?: (done: number, all: number) => void,
): Promise<ControlEvidence[]> {
  const { bos, random } = await controlVectors(runtime, model, prior.task, exact.site, { ids, z }, seed);
  const of = async (vectors: readonly Float32Array[], done: number): Promise<InputSet[]> => {
    const sets: InputSet[] = [];
    for (const vector of vectors) {
      sets.push(await nearest(exact, prior, vector, view, Math.max(1, size)));
      onProgress?.(done + sets.length, random.length + 1);
    }
    return sets;
  };
  return [
    { activation: 'random', sets: await of(random, 0) },
    { activation: 'bos', sets: await of([bos], random.length) },
  ];
}

/**
 * All inputs, by a pass over them.
 * @param prior a complete one
 */
export async function exactEvidence(
  runtime: Runtime,
  model: HookedModel,
  prior: Prior,
  exact: ExactPreimages,
  {
    ids,
    z,
    seed,
    epsilon,
    metric,
    onlyAt,
  }: Omit<EvidenceQuery, 'site' | 'position'> & { readonly onlyAt: string | null },
  onProgress?: (done: number, all: number) => void,
): Promise<Evidence> {
  const view = { epsilon, metric, onlyAt };
  const { members, size, total, bits, distances } = await exact.find(z, view);
  const among = new Uint8Array(total);
  for (const member of members) among[member] = 1;
  const outside = new Uint32Array(total - size);
  for (let input = 0, next = 0; input < total; input++) if (among[input] === 0) outside[next++] = input;
  const near = (input: number): number => distances[input] ?? Infinity;
  return {
    kind: 'exact',
    prior,
    ids,
    information: exactInformation(bits),
    inside: { ...enumeratedSet(prior, members), distanceOf: (at) => near(members[at] ?? 0) },
    outside: { ...enumeratedSet(prior, outside), distanceOf: (at) => near(outside[at] ?? 0) },
    controls: await exactControlSets(
      runtime,
      model,
      prior,
      exact,
      { ids, z, seed, ...view },
      size,
      onProgress,
    ),
  };
}

/** Inputs drawn and run to see what lies outside; of a large model fewer. */
const [blind, blindOfLarge] = [2048, 256];

/** Blind draws that are outside. */
async function outsideOf(
  model: HookedModel,
  instruments: Instruments,
  prior: Prior,
  { site, z, seed, epsilon, metric }: EvidenceQuery,
): Promise<InputSet> {
  const random = randomFor(seed, 'outside');
  const drawn = Array.from({ length: isLarge(model) ? blindOfLarge : blind }, () => drawInput(prior, random));
  const verdicts = (await instruments.judge(site).judge(drawn, z))[metric];
  const outside = drawn.flatMap((ids, at) => {
    const distance = verdicts[at]?.distance ?? 0;
    return distance > epsilon ? [{ ids, distance }] : [];
  });
  const set = drawnSet(
    prior,
    outside.map(({ ids }) => ids),
    outside.length,
  );
  return { ...set, distanceOf: (at) => outside[at]?.distance ?? Infinity };
}

/** What a decoder says for the query and for activations that hold nothing of it, near them or not. */
export async function decoderControlSets(
  runtime: Runtime,
  model: HookedModel,
  decoder: Decoder,
  prior: Prior,
  run: QueryRun,
  view: ControlView,
): Promise<ControlEvidence[]> {
  const all = await decoderDraws(runtime, model, decoder, prior.task, run, view);
  return all.map(({ activation, draws }) => {
    const inputs = draws.flatMap(({ ids, valid }) => (valid ? [ids] : []));
    return { activation, sets: [drawnSet(prior, inputs, inputs.length)] };
  });
}

/**
 * What a decoder finds, each input weighed by its probability over that of having been found. A control’s set is what the
 * decoder says for it, near or not.
 */
export async function decoderEvidence(
  runtime: Runtime,
  model: HookedModel,
  decoder: Decoder,
  {
    interpreter,
    reader,
    instruments,
  }: { readonly interpreter: Interpreter; readonly reader: Reader; readonly instruments: Instruments },
  query: EvidenceQuery,
): Promise<Evidence> {
  const { prior } = interpreter;
  const { proposed, estimate } = await interpreter.interpret(query);
  if (proposed === null || estimate === null) throw new RangeError('inputs are drawn from a decoder');
  const found = foundWeights(proposed.found);
  const effective = estimate.effectiveSamples;
  const run = await reader.runQuery(query);
  return {
    kind: 'decoder',
    prior,
    ids: query.ids,
    information: estimate,
    inside: drawnSet(
      prior,
      found.map(({ ids }) => ids),
      // Where so little was found no share is given either.
      effective < fewestEffective ? 0 : effective,
      found.map(({ weight }) => weight),
    ),
    outside: await outsideOf(model, instruments, prior, query),
    controls: await decoderControlSets(runtime, model, decoder, prior, run, query),
  };
}

/** What the model finds by itself. @param reader without a decoder. @param rounds as many candidates as these have are judged */
export async function searchEvidence(
  model: HookedModel,
  {
    interpreter,
    reader,
    instruments,
  }: { readonly interpreter: Interpreter; readonly reader: Reader; readonly instruments: Instruments },
  query: EvidenceQuery,
  rounds: readonly SamplingRound[],
): Promise<Evidence> {
  const { prior } = interpreter;
  const judged = await reader.read({ ...query, rounds, shown: 1 });
  const all = await searchDraws(reader, judged, rounds, query);
  const foundBy = ({ draws }: ControlDraws): InputSet => {
    const inside = new Map(
      draws.flatMap(({ ids, valid, inside: near }) => (valid && near ? [[ids.join(), ids]] : [])),
    );
    return drawnSet(prior, [...inside.values()], 0);
  };
  const [own, ...controls] = all;
  return {
    kind: 'search',
    prior,
    ids: query.ids,
    information: null,
    inside: own === undefined ? drawnSet(prior, [], 0) : foundBy(own),
    outside: await outsideOf(model, instruments, prior, query),
    controls: controls.map((one) => ({ activation: one.activation, sets: [foundBy(one)] })),
  };
}
