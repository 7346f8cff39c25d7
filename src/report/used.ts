/**
 * Used versus contained, and controls, as lines of text.
 * @module
 */
import { type ExactControl } from '../interpret/records.js';
import { type Control, type Controls, type Used } from '../inversion/reading-parts.js';
import { clip, columns, printable, prose } from './columns.js';
import { counted, distanceText, percent, plainNumber } from './wording.js';

const number = (value: number, digits = 2): string => value.toFixed(digits).replace(/^-(?=[0.]*$)/, '');
const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - columns(text)));

/** Headings; the caller makes them stand out. */
export const usedTitle = 'Held and used: each input’s activation patched into the query’s run';
/** See {@link usedTitle}. */
export const controlsTitle = 'Controls: activations that hold nothing of the query';

/** A share, with its interval where it has one. */
function shareText({ share, low, high }: { share: number; low: number | null; high: number | null }): string {
  const own = percent(share, 1);
  return low === null || high === null ? own : `${own} (${percent(low, 1)}–${percent(high, 1)})`;
}

/** What is held, what is used, feature by feature. */
export function usedLines(used: Used, width: number): string[] {
  const { parts, maxKl, kl, features, curve, logitDifference, answer } = used;
  const tokens = answer.map(({ position, token }) =>
    token === null ? `after position ${position}` : `${printable(token)} after position ${position}`,
  );
  const byDistance = parts.both + parts.distanceOnly;
  const byEffect = parts.both + parts.effectOnly;
  const whole = byDistance + parts.effectOnly + parts.neither;
  const drawn = used.inputs === 'all' ? 'all inputs' : 'blind draws';
  const lines = [
    ...prose(
      `Measured: the distribution of the next token where the answer is predicted (${tokens.join(', ')}). Inside by effect: KL ≤ ${plainNumber(maxKl)} nats. Another input’s activation gives ${number(kl.mean, 3)} on average, ${number(kl.median, 3)} in the middle, ${number(kl.most, 3)} at most (${used.inputs === 'all' ? 'of ' : ''}${kl.n.toLocaleString('en')} ${used.inputs === 'all' ? 'inputs' : drawn}).`,
      width,
      '  ',
    ),
    ...prose(
      `Of ${counted(whole, used.inputs === 'all' ? 'input' : 'distinct input')}, ${byDistance.toLocaleString('en')} are inside by distance and ${byEffect.toLocaleString('en')} by effect: ${parts.both.toLocaleString('en')} by both, ${parts.distanceOnly.toLocaleString('en')} by distance alone, ${parts.effectOnly.toLocaleString('en')} by effect alone.`,
      width,
      '  ',
    ),
    ...(logitDifference === null
      ? []
      : prose(
          `Logit difference: ${number(logitDifference.own)} with its own activation; on average ${meanText(logitDifference.distance)} with those inside by distance, ${meanText(logitDifference.effect)} by effect, ${number(logitDifference.all)} with those of ${drawn}.`,
          width,
          '  ',
        )),
    ...(used.inputs === 'all'
      ? []
      : prose(
          used.inputs === 'searched'
            ? 'Inputs were searched for, by distance and by effect: shares are of those that were found, without intervals.'
            : 'Shares are weighed by how likely inputs are, with 95% intervals.',
          width,
          '  ',
        )),
    '',
    'Share with the query’s value of a feature, and its bits: inside by distance (held), and by effect (used)',
    ...featureLines(features, width),
    '',
    ...curveLines(curve, width),
  ];
  return lines;
}

const meanText = (mean: number | null): string => (mean === null ? '–' : number(mean));

function featureLines(features: Used['features'], width: number): string[] {
  const name = Math.max(7, ...features.map(({ feature }) => Math.min(16, columns(printable(feature)))));
  const side = (one: Used['features'][number]['distance']): readonly [string, string] =>
    one === null ? ['–', '–'] : [shareText(one), number(Math.max(0, one.bits))];
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
        number(of).padStart(7),
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
    'Inputs inside by effect, by the largest KL, and the share of them with the query’s value',
    `${head}${shown.map(cell).join(' ')}`,
    ...curve.map(({ maxKl, inputs, bits, shares }) => {
      const own = shown.map((name) => shares.find(({ feature }) => feature === name)?.share);
      return `${plainNumber(maxKl).padStart(6)}${inputs.toLocaleString('en').padStart(10)}${(bits === null ? '–' : number(bits)).padStart(8)}  ${own.map((share) => cell(share === undefined ? '–' : percent(share, 1))).join(' ')}`;
    }),
  ];
}

const activationNames: Readonly<Record<Control['activation'], string>> = {
  query: 'the query',
  bos: 'BOS',
  random: 'random',
};

/** How many inputs are near a control. */
export function exactControlLines(
  controls: readonly ExactControl[],
  total: number,
  epsilon: number,
  width: number,
): string[] {
  return controls.flatMap(({ activation, sizes, nearest }) => {
    const least = Math.min(...nearest);
    const own =
      activation === 'bos'
        ? `the activation of BOS has ${(sizes[0] ?? 0).toLocaleString('en')}`
        : `${sizes.length} random vectors of the query’s norm have ${rangeText(sizes)}`;
    return prose(
      `Within ε = ${plainNumber(epsilon)} ${own} of ${total.toLocaleString('en')} inputs; the nearest is at ${distanceText(least)}.`,
      width,
      '  ',
    );
  });
}

function rangeText(sizes: readonly number[]): string {
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  return least === most
    ? `${least.toLocaleString('en')} each`
    : `${least.toLocaleString('en')} to ${most.toLocaleString('en')} each`;
}

/** What is read of the query's activation and of those that hold nothing of it, feature by feature. */
export function controlLines({ searched, activations }: Controls, epsilon: number, width: number): string[] {
  const names = [...new Set(activations.flatMap(({ features }) => features.map(({ feature }) => feature)))];
  const columnsOf = activations.map(({ activation, features }) => ({
    title: activationNames[activation],
    cells: names.map((name) => {
      const own = features.find(({ feature }) => feature === name);
      return own === undefined ? '–' : shareText(own);
    }),
  }));
  const name = Math.max(7, ...names.map((one) => Math.min(16, columns(printable(one)))));
  const room = Math.max(9, ...columnsOf.flatMap(({ cells }) => cells.map(columns)));
  const row = (first: string, rest: readonly string[]): string =>
    clip(
      `${padded(clip(printable(first), 16), name)}  ${rest.map((cell) => padded(cell, room)).join('  ')}`.trimEnd(),
      width,
    );
  return [
    ...activations.flatMap(({ activation, draws, valid, inside }) => {
      const near = `${inside.count.toLocaleString('en')} within ε = ${plainNumber(epsilon)} of it`;
      return prose(
        searched
          ? `${subjects[activation]}: ${counted(draws, 'input')} judged, ${near}.`
          : `${subjects[activation]}: ${counted(draws, 'sample')} of the decoder, ${valid.toLocaleString('en')} of them inputs of the task, ${near}: ${shareText(inside)}.`,
        width,
        '    ',
        '  ',
      );
    }),
    ...(names.length === 0
      ? []
      : [
          '',
          ...prose(
            searched
              ? 'Share with the query’s value, of what was found inside:'
              : 'Share with the query’s value, of the decoder’s samples (what it says by itself):',
            width,
          ),
          row(
            'feature',
            columnsOf.map(({ title }) => title),
          ),
          ...names.map((one, at) =>
            row(
              one,
              columnsOf.map(({ cells }) => cells[at] ?? '–'),
            ),
          ),
        ]),
  ];
}

const subjects: Readonly<Record<Control['activation'], string>> = {
  query: 'The query’s activation',
  bos: 'The activation of BOS',
  random: 'Random vectors of the query’s norm',
};
