/**
 * What a language model is asked about a site: samples inside and outside the ε-preimages of several queries. Of each input
 * it sees what the activation can have seen: the tokens up to the matched position, which is marked. What comes after it
 * the network had not read yet, so it would only mislead.
 * @module
 */
import { tokensOf } from '../tasks/tokens.js';
import { type Task } from '../tasks/task.js';
import { type Message } from './ask.js';
import { type FeatureBits } from './feature-bits.js';
import { type Prior } from './prior.js';
import { type WeightedSample } from './sample.js';
import { type ControlEvidence } from './sentences/evidence.js';

/** An input with the place at which its activation comes nearest to the query's. */
export interface ShownSample {
  /** From BOS on. */
  readonly tokens: readonly string[];
  readonly matchedPosition: number;
}

/** A query as the language model sees it and as it is scored. */
export interface ExplainedQuery {
  readonly ids: readonly number[];
  readonly position: number;
  /** Samples, nearest first. */
  readonly inside: readonly ShownSample[];
  readonly outside: readonly ShownSample[];
  /** Information in the activation; null where there is no number. */
  readonly bits: number | null;
  readonly features: readonly FeatureBits[];
  readonly sample: WeightedSample;
  /** What is near activations that hold nothing of the query, or is said for them; none where it was not measured. */
  readonly controls?: readonly ControlEvidence[];
}

/**
 * The tokens that an activation can have seen, the last of them marked: `B615+861[=]`.
 * @param position of the activation
 */
export function seenText(tokens: readonly string[], position: number): string {
  return `${tokens.slice(0, position).join('')}[${tokens[position] ?? ''}]`;
}

/** A query up to the place where it is read. */
export const queryText = (task: Task, { ids, position }: Pick<ExplainedQuery, 'ids' | 'position'>): string =>
  seenText(tokensOf(task, ids), position);

/** Samples that differ in what the activation can have seen, each the first of its kind. */
export function distinctlySeen<T extends ShownSample>(samples: readonly T[]): T[] {
  const first = new Map<string, T>();
  for (const sample of samples) {
    const text = seenText(sample.tokens, sample.matchedPosition);
    if (!first.has(text)) first.set(text, sample);
  }
  return [...first.values()];
}

/** What the language model is asked. */
export function explainPrompt(task: Task, prior: Prior, queries: readonly ExplainedQuery[]): Message[] {
  const features = prior.tables.map(({ feature }) =>
    feature.phrase === undefined ? `- ${feature.name}` : `- ${feature.name}: ${feature.phrase}`,
  );
  const lines = (samples: readonly ShownSample[]): string[] =>
    distinctlySeen(samples).map(({ tokens, matchedPosition }) => `  ${seenText(tokens, matchedPosition)}`);
  const shown = queries.map((query, at) =>
    [
      `Query ${at + 1}: ${queryText(task, query)}`,
      'Nearly the same activation:',
      ...lines(query.inside),
      'A different activation:',
      ...lines(query.outside),
    ].join('\n'),
  );
  return [
    {
      role: 'system',
      content:
        'You read what one activation of a small transformer tells about its input. For each query you see inputs whose ' +
        'activation at the same place in the network is nearly that of the query, and inputs whose activation is not. The token ' +
        'at which the activation is taken stands in brackets; the input goes on after it, but the network has read no further ' +
        'there, so the rest is left out. What all of the former have in common, and the latter have not, is what the activation ' +
        'holds. Claim no more than that.',
    },
    {
      role: 'user',
      content: [
        `Task: ${task.about}`,
        '',
        'Features that can be named:',
        ...features,
        '',
        ...shown.flatMap((text) => [text, '']),
        'Which information does this place of the network hold, over all queries? Answer with one JSON object and nothing else:',
        '{"explanation": "<one or two sentences>", "features": ["<names from the list above that are known>"]}',
      ].join('\n'),
    },
  ];
}
