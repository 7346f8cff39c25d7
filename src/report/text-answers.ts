/**
 * How a language model answers texts, for a terminal.
 * @module
 */
import { type Ranks, type TextAnswers } from '../causal/text-answers.js';
import { tWithin } from '../interpret/student-t.js';
import { type Share } from '../share.js';
import { type TemplateTask } from '../tasks/index.js';
import { clip, columns, printable, prose } from './columns.js';
import { counted } from './wording.js';

/** What is printed beside the figures. */
export interface AnswersStyle {
  readonly task: Pick<TemplateTask, 'texts'>;
  readonly model: string;
  /** Columns of a line. */
  readonly width: number;
}

const shareText = ({ share, low, high }: Share): string =>
  `${(100 * share).toFixed(1)}% (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`;

/** A mean rank with the 95% interval of the mean, by Student's t, which is cut off at the first place. */
function rankText({ mean, standardError, n }: Ranks): string {
  if (n < 2) return mean.toFixed(1);
  const reach = tWithin(n - 1) * standardError;
  return `${mean.toFixed(1)} (${Math.max(1, mean - reach).toFixed(1)} to ${(mean + reach).toFixed(1)})`;
}

/** All texts in sentences, and a line for each group. */
export function renderAnswers(answers: TextAnswers, { task, model, width }: AnswersStyle): string {
  const { top, all, rank, severalTokens, groups, difference } = answers;
  const interval = (share: Share): string => shareText(share).replace('(', '(95% interval ');
  const which = all ? `all ${counted(top.n, 'text')} with an answer` : `${top.n} texts of the test split`;
  const lines = [
    `${interval(top)} of ${which} have the answer on top: ${printable(model)}`,
    ...(difference === null
      ? []
      : [
          `Logit difference of answer and contrast answer: ${difference.mean.toFixed(2)} ± ${difference.standardError.toFixed(2)} (standard error), above 0 in ${shareText(difference.above)}`,
        ]),
  ];
  if (groups.length === 0) return lines.join('\n');
  const names = Object.keys(groups[0]?.values ?? {});
  const patterns = task.texts.template.patterns.map(({ text }) => text);
  const several =
    severalTokens === 0
      ? []
      : prose(
          `${severalTokens} of the answers are of several tokens in this model: the first is asked for.`,
          width,
          '  ',
        );
  const rows = [
    [...names, 'texts', 'answer on top', 'mean place of the answer', 'median', 'commonest answer'],
    ...groups.map(({ values, top: own, rank: place, majority }) => [
      ...names.map((name) =>
        name === 'pattern' ? (patterns[Number(values[name]) - 1] ?? '–') : String(values[name] ?? '–'),
      ),
      String(own.n),
      shareText(own),
      rankText(place),
      String(place.median),
      `${(100 * majority.share).toFixed(1)}% ${majority.token.trim()}`,
    ]),
  ].map((row) => row.map(printable));
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => columns(row[at] ?? ''))));
  return [
    ...lines,
    `Mean place of the answer among all tokens: ${rankText(rank)}, median ${rank.median}; 95% intervals.`,
    ...several,
    '',
    ...rows.map((row) =>
      clip(
        row
          .map((cell, at) => cell + ' '.repeat(Math.max(0, (widths[at] ?? 0) - columns(cell))))
          .join('  ')
          .trimEnd(),
        width,
      ),
    ),
  ].join('\n');
}
