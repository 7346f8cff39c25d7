/**
 * Some inputs of an exact preimage, for a person to look at.
 * @module
 */
import { capability } from '../../tasks/capabilities.js';
import { type Runtime } from '../../engine/index.js';
import { type HookedModel } from '../../models/hooked-model.js';
import { type Random } from '../../random.js';
import { type Task } from '../../tasks/task.js';
import { createJudge } from '../judge.js';
import { type Metric } from '../metrics.js';
import { type ExactSet } from './exact.js';

/** An input inside. */
export interface Member {
  readonly text: string;
  readonly distance: number;
  /** Index of the matched token. */
  readonly matchedPosition: number;
}

/**
 * So many of the inputs of a set, evenly drawn, each at most once, from near to far. The distances that a set has are
 * rounded: these come from the model.
 */
export async function someMembers(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  query: {
    readonly site: string;
    readonly z: Float32Array;
    readonly metric: Metric;
    /** Where inputs are compared; at the nearest of all positions unless given. */
    readonly onlyAt?: string | null;
  },
  { members }: Pick<ExactSet, 'members'>,
  count: number,
  random: Random,
): Promise<Member[]> {
  const { instance } = capability(task, 'data', 'An exact preimage');
  const shown = evenlyDrawn(members, count, random).map((input) => instance(input));
  if (shown.length === 0) return [];
  const judge = createJudge(runtime, model, task, query.site);
  try {
    const verdicts = (await judge.judge(shown, query.z))[query.metric];
    return shown
      .map((ids, at) => {
        const verdict = verdicts[at];
        const place = query.onlyAt ?? null;
        const position =
          (place === null ? verdict?.position : task.places(ids).find(({ name }) => name === place)?.index) ??
          0;
        return {
          text: task.decode(ids),
          distance: verdict?.distances[position] ?? Infinity,
          matchedPosition: position,
        };
      })
      .sort((a, b) => a.distance - b.distance);
  } finally {
    await judge.dispose();
  }
}

/** So many of the members, evenly drawn, each at most once. */
function evenlyDrawn(members: Uint32Array, count: number, random: Random): number[] {
  if (members.length <= count) return Array.from(members);
  const drawn = new Set<number>();
  while (drawn.size < count) drawn.add(members[random.int(members.length)] ?? 0);
  return [...drawn];
}
