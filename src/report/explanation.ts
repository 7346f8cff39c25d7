/**
 * An explanation by a language model for a terminal: what it said, and what its claims are worth.
 * @module
 */
import { type Explanation } from '../interpret/explain.js';
import { shortName } from '../models/hooks.js';
import { type BitsStyle } from './bits.js';
import { clip, columns, printable, prose } from './columns.js';
import { percent } from './wording.js';

/** Renders an explanation. */
export function renderExplanation(explanation: Explanation, { width, color }: BitsStyle): string {
  const { site, place, model, queries, attempts, answer, complete, claims, unknown, accounted, bits } =
    explanation;
  const bold = (text: string): string => (color ? `\u001b[1m${text}\u001b[0m` : text);
  const failures = attempts.flatMap(({ failure }, at) =>
    failure === null ? [] : [`Attempt ${at + 1}: ${failure}.`],
  );
  const controls = activations.filter((activation) =>
    claims.some((claim) => claim.controls.some((one) => one.activation === activation)),
  );
  const room = Math.max(
    6,
    ...claims.flatMap((claim) => controls.map((one) => columns(controlText(claim, one)))),
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
          clip(
            `${'claimed'.padEnd(name)}  bits           consistency${controls.map((one) => `  ${controlNames[one].padStart(room)}`).join('')}`,
            width,
          ),
          ...claims.map((claim) =>
            clip(
              `${printable(claim.feature)}${' '.repeat(name - columns(printable(claim.feature)))}  ${claim.bits.toFixed(2).padStart(5)} of ${claim.of.toFixed(2).padStart(5)} ${percent(claim.consistency, 1).padStart(11)}${controls.map((one) => `  ${controlText(claim, one).padStart(room)}`).join('')}`,
              width,
            ),
          ),
          ...(controls.length === 0
            ? []
            : prose(
                'Controls: how often inputs near random vectors and near BOS, or what the decoder says for them, have the query’s value too.',
                width,
                '  ',
              )),
          ...prose(
            `Together they account for ${accounted.toFixed(2)}${bits === null ? '' : ` of the ${bits.toFixed(2)}`} bits a query.`,
            width,
            '  ',
          ),
        ]),
    ...(unknown.length === 0 ? [] : prose(`No features: ${unknown.join(', ')}.`, width, '  ')),
  ].join('\n');
}

const activations = ['query', 'random', 'bos'] as const;
const controlNames = { query: 'decoder', random: 'random', bos: 'BOS' } as const;

/** The consistency near a control with its interval, where it has one. */
function controlText(
  { controls }: Explanation['claims'][number],
  activation: (typeof activations)[number],
): string {
  const own = controls.find((one) => one.activation === activation);
  if (own === undefined) return '–';
  const share = percent(own.consistency, 1);
  return own.low === null || own.high === null
    ? share
    : `${share} (${percent(own.low, 1)}–${percent(own.high, 1)})`;
}
