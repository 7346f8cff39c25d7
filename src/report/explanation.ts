/**
 * An explanation by a language model for a terminal: what it said, and what its claims are worth.
 * @module
 */
import { type Explanation } from '../interpret/explain.js';
import { shortName } from '../models/hooks.js';
import { type BitsStyle } from './bits.js';
import { columns, printable, prose } from './columns.js';
import { percent } from './wording.js';

/** Renders an explanation. */
export function renderExplanation(explanation: Explanation, { width, color }: BitsStyle): string {
  const { site, place, model, queries, attempts, answer, complete, claims, unknown, accounted, bits } =
    explanation;
  const bold = (text: string): string => (color ? `\u001b[1m${text}\u001b[0m` : text);
  const failures = attempts.flatMap(({ failure }, at) =>
    failure === null ? [] : [`Attempt ${at + 1}: ${failure}.`],
  );
  const name = Math.max(7, ...claims.map(({ feature }) => columns(printable(feature))));
  const said =
    explanation.explanation === null
      ? answer === null
        ? ['Nothing came.']
        : ['What came, as it came:', ...answer.split('\n').flatMap((line) => prose(line, width, '  ', '  '))]
      : prose(`“${explanation.explanation}”`, width, '  ');
  return [
    bold(`${shortName(site)}${place === null ? '' : ` at "${place}"`}, over ${queries.length} queries`),
    ...prose(`Asked: ${model}.${complete ? '' : ' The answer is not whole.'}`, width, '  '),
    ...failures.flatMap((failure) => prose(failure, width, '  ')),
    '',
    ...said,
    '',
    ...(claims.length === 0
      ? ['It claims no feature.']
      : [
          `${'claimed'.padEnd(name)}  bits           consistency`,
          ...claims.map(
            ({ feature, bits: own, of, consistency }) =>
              `${printable(feature)}${' '.repeat(name - columns(printable(feature)))}  ${own.toFixed(2).padStart(5)} of ${of.toFixed(2).padStart(5)} ${percent(consistency, 1).padStart(11)}`,
          ),
          ...prose(
            `Together they account for ${accounted.toFixed(2)}${bits === null ? '' : ` of the ${bits.toFixed(2)}`} bits a query.`,
            width,
            '  ',
          ),
        ]),
    ...(unknown.length === 0 ? [] : prose(`No features: ${unknown.join(', ')}.`, width, '  ')),
  ].join('\n');
}
