/**
 * How a language model answers the texts of a template: whether the answer's first token comes out on top, how many tokens
 * are above it, and by how much its logit is above that of the contrast answer.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { type HookedModel, isLarge } from '../models/hooked-model.js';
import { type Share, shareOf } from '../share.js';
import { type Feature, type FeatureValue, type TemplateTask, askedTexts } from '../tasks/index.js';
import { featureValue } from '../tasks/feature.js';
import { type Estimate, estimate } from './estimate.js';
import { createPatcher } from './patcher.js';

/** Texts of a run. */
const [fewRows, manyRows] = [16, 128];

/** The place of the answer's first token among all tokens by their logits, from 1. */
export type Ranks = Estimate & { readonly median: number };

/** How some texts were answered. */
export interface AnsweredGroup {
  /** Values of the features that the texts share, by name. */
  readonly values: Readonly<Record<string, FeatureValue>>;
  /** Texts whose answer has the highest logit of all tokens. */
  readonly top: Share;
  readonly rank: Ranks;
  /** The control: texts that the answer which most of them have would be right of, and that answer's first token. */
  readonly majority: { readonly token: string; readonly share: number };
}

/** How texts were answered. */
export interface TextAnswers {
  /** Whether they are all texts of the task that have an answer; else they are drawn from its test split. */
  readonly all: boolean;
  /** Texts whose answer has the highest logit of all tokens. */
  readonly top: Share;
  readonly rank: Ranks;
  /** Texts whose answer is of several tokens, of which the first is asked for. */
  readonly severalTokens: number;
  /** By the features asked for, in the order of the texts; none where none are. */
  readonly groups: readonly AnsweredGroup[];
  /** Logit of the answer less that of the contrast answer; null for a template without one. */
  readonly difference: (Estimate & { readonly above: Share }) | null;
}

/** What is wanted beside. */
export interface AnswerOptions {
  /** Takes all texts of a task that has no more than are asked for: of a model that has learned from none of them. */
  readonly all?: boolean;
  /** Features whose values part the texts into groups. */
  readonly by?: readonly Feature[];
  readonly onProgress?: (done: number, all: number) => void;
}

/** How a text was answered. */
interface Answered {
  readonly ids: readonly number[];
  readonly answer: number;
  readonly rank: number;
}

/**
 * Asks texts of the test split, each once, or all texts of a small task. Those without an answer take no part.
 * @param count how many; fewer where there are not as many different ones
 * @throws InputError for a template without an answer
 */
export async function answerTexts(
  runtime: Runtime,
  model: HookedModel,
  task: TemplateTask,
  count: number,
  seed: number,
  { all: wanted = false, by = [], onProgress }: AnswerOptions = {},
): Promise<TextAnswers> {
  const { answer } = task;
  if (answer === undefined) throw new InputError(`${task.name} has no answer: its template says none.`);
  const { inputs, all } = askedTexts(task, {
    count,
    seed,
    heldOut: !wanted,
    accepts: (ids) => answer.determined(ids).length > 0,
  });
  if (inputs.length === 0) throw new InputError(`No text of ${task.name}'s test split has an answer.`);
  const batch = isLarge(model) ? fewRows : manyRows;
  const patcher = createPatcher(runtime, model, { sites: [], places: task.maxLength, pad: task.pad, batch });
  const answerAt = (ids: readonly number[]): number => answer.determined(ids)[0] ?? 1;
  const answered: Answered[] = [];
  const differences: number[] = [];
  try {
    for (let start = 0; start < inputs.length; start += batch) {
      const part = inputs.slice(start, start + batch);
      const reads = part.map((ids) => [answerAt(ids) - 1]);
      const { logits, vocabulary } = await patcher.record({ inputs: part, reads });
      part.forEach((ids, row) => {
        const own = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
        const token = ids[answerAt(ids)] ?? 0;
        const logit = own[token] ?? NaN;
        let rank = 1;
        for (const other of own) if (other > logit) rank++;
        answered.push({ ids, answer: token, rank });
        const against = task.contrastAnswer(ids);
        if (against !== null) differences.push(logit - (own[against] ?? NaN));
      });
      onProgress?.(start + part.length, inputs.length);
    }
  } finally {
    await patcher.dispose();
  }
  return {
    all,
    ...summary(answered),
    severalTokens: inputs.filter((ids) => answer.determined(ids).length > 1).length,
    groups: by.length === 0 ? [] : groupsOf(answered, by, task),
    difference:
      differences.length === 0
        ? null
        : {
            ...estimate(differences),
            above: shareOf(differences.filter((value) => value > 0).length, differences.length),
          },
  };
}

function summary(answered: readonly Answered[]): Pick<TextAnswers, 'top' | 'rank'> {
  const ranks = answered.map(({ rank }) => rank).sort((a, b) => a - b);
  const [low = NaN, high = NaN] = [ranks[(ranks.length - 1) >> 1], ranks[ranks.length >> 1]];
  return {
    top: shareOf(ranks.filter((rank) => rank === 1).length, ranks.length),
    rank: { ...estimate(ranks), median: (low + high) / 2 },
  };
}

function groupsOf(
  answered: readonly Answered[],
  by: readonly Feature[],
  task: TemplateTask,
): AnsweredGroup[] {
  const groups = new Map<string, { values: Record<string, FeatureValue>; texts: Answered[] }>();
  for (const one of answered) {
    const values = Object.fromEntries(
      by.map((feature) => [feature.name, featureValue(task, feature, one.ids)]),
    );
    const key = JSON.stringify(values);
    const group = groups.get(key) ?? { values, texts: [] };
    group.texts.push(one);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ values, texts }) => {
    const counts = new Map<number, number>();
    for (const { answer } of texts) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    const [token = 0, most = 0] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
    const majority = { token: task.tokenizer.decode([token]), share: most / texts.length };
    return { values, ...summary(texts), majority };
  });
}
