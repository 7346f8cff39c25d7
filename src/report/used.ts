/**
 * Used versus contained, and controls, as lines of text.
 * @module
 */
import { type ExactControl } from '../interpret/records.js';
import { type Controls, type Used } from '../inversion/reading-parts.js';
import { clip, columns, printable, prose } from './columns.js';
import {
  activationNames,
  controlRows,
  controlSentences,
  controlTableTitle,
  decimal,
  exactControlSentences,
  shareText,
  usedCurveTitle,
  usedSentences,
  usedTableTitle,
} from './used-wording.js';
import { percent, plainNumber } from './wording.js';

const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - columns(text)));

/** What is held, what is used, feature by feature. */
export const usedLines = (used: Used, width: number): string[] => [
  ...usedSentences(used).flatMap((sentence) => prose(sentence, width, '  ')),
  '',
  usedTableTitle,
  ...featureLines(used.features, width),
  '',
  ...curveLines(used.curve, width),
];

function featureLines(features: Used['features'], width: number): string[] {
  const name = Math.max(7, ...features.map(({ feature }) => Math.min(16, columns(printable(feature)))));
  const side = (one: Used['features'][number]['distance']): readonly [string, string] =>
    one === null ? ['–', '–'] : [shareText(one), decimal(Math.max(0, one.bits))];
  const cells = features.map((one) => [side(one.distance), side(one.effect)] as const);
  const room = Math.max(11, ...cells.flat().map(([share]) => columns(share)));
  const pair = (share: string, bits: string): string => `${padded(share, room)} ${bits.padStart(5)}`;
  const row = (first: string, rest: readonly string[]): string => clip([first, ...rest].join('  '), width);
  return [
    row(padded('feature', name), [
      'of bits',
      '   all',
      pair('by distance', 'bits'),
      pair('by effect', 'bits'),
    ]).trimEnd(),
    ...features.map(({ feature, of, all, verdict }, at) => {
      const [distance, effect] = cells[at] ?? [side(null), side(null)];
      return row(padded(clip(printable(feature), 16), name), [
        decimal(of).padStart(7),
        percent(all, 1).padStart(6),
        pair(...distance),
        pair(...effect),
        verdict,
      ]);
    }),
  ];
}

/** The table by threshold, as the ε-curve is. */
function curveLines(curve: Used['curve'], width: number): string[] {
  const names = curve.find(({ shares }) => shares.length > 0)?.shares.map(({ feature }) => feature) ?? [];
  const head = '    KL    inside    bits  ';
  const shown = names.slice(0, Math.max(1, Math.floor((width - head.length) / 9)));
  const cell = (text: string): string => clip(printable(text), 8).padStart(8);
  return [
    usedCurveTitle,
    `${head}${shown.map(cell).join(' ')}`,
    ...curve.map(({ maxKl, inputs, bits, shares }) => {
      const own = shown.map((name) => shares.find(({ feature }) => feature === name)?.share);
      return `${plainNumber(maxKl).padStart(6)}${inputs.toLocaleString('en').padStart(10)}${(bits === null ? '–' : decimal(bits)).padStart(8)}  ${own.map((share) => cell(share === undefined ? '–' : percent(share, 1))).join(' ')}`;
    }),
  ];
}

/** How many inputs are near a control. */
export const exactControlLines = (
  controls: readonly ExactControl[],
  total: number,
  epsilon: number,
  width: number,
): string[] =>
  exactControlSentences(controls, total, epsilon).flatMap((sentence) => prose(sentence, width, '  '));

/** What is read of the query's activation and of those that hold nothing of it, feature by feature. */
export function controlLines(controls: Controls, epsilon: number, width: number): string[] {
  const rows = controlRows(controls);
  const titles = controls.activations.map(({ activation }) => activationNames[activation]);
  const name = Math.max(7, ...rows.map(({ feature }) => Math.min(16, columns(printable(feature)))));
  const room = Math.max(9, ...rows.flatMap(({ shares }) => shares.map(columns)));
  const row = (first: string, rest: readonly string[]): string =>
    clip(
      `${padded(clip(printable(first), 16), name)}  ${rest.map((cell) => padded(cell, room)).join('  ')}`.trimEnd(),
      width,
    );
  return [
    ...controlSentences(controls, epsilon).flatMap((sentence) => prose(sentence, width, '    ', '  ')),
    ...(rows.length === 0
      ? []
      : [
          '',
          ...prose(controlTableTitle(controls), width),
          row('feature', titles),
          ...rows.map(({ feature, shares }) => row(feature, shares)),
        ]),
  ];
}
