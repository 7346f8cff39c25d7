/**
 * Measurements of information for a terminal: an activation's bits and features, many activations', exact preimages,
 * completeness.
 * @module
 */
import { type EpsilonCurve } from '../interpret/epsilon-curve.js';
import { type Estimate } from '../interpret/estimate.js';
import { type FeatureBits } from '../interpret/feature-bits.js';
import {
  type BitsRecord,
  type CompletenessRecord,
  type PreimageRecord,
  type QueryRecord,
  type SitesRecord,
} from '../interpret/records.js';
import { type SamplerFigures } from '../interpret/recall.js';
import { shortName } from '../models/hooks.js';
import { clip, columns, printable, prose } from './columns.js';
import { epsilonOrigin } from './epsilons.js';
import { exactControlLines, usedLines } from './used.js';
import { controlsTitle, usedTitle } from './used-wording.js';
import {
  aboveWhole,
  askedInputs,
  atLeast,
  counted,
  distanceText,
  metricNames,
  percent,
  plainNumber,
  readoutSentences,
} from './wording.js';

/** How to print. */
export interface BitsStyle {
  /** Columns of a line. */
  readonly width: number;
  /** Whether escape sequences may be used. */
  readonly color: boolean;
}

/** A line as it is, or one that stands out. */
type Line = string | { readonly strong: string };
const strong = (text: string): Line => ({ strong: text });

/** No line is wider than the terminal, which would break it where it likes. */
const set = (lines: readonly Line[], { width, color }: BitsStyle): string =>
  lines
    .map((line) => {
      if (typeof line === 'string') return clip(line, width);
      const text = clip(line.strong, width);
      return color && text !== '' ? `\u001b[1m${text}\u001b[0m` : text;
    })
    .join('\n');
const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - columns(text)));
const number = (value: number, digits = 2): string => value.toFixed(digits).replace(/^-(?=[0.]*$)/, '');
const eighths = ['', ...Array.from('▏▎▍▌▋▊▉')];
const bar = (share: number, width: number): string => {
  const parts = Math.round(Math.max(0, Math.min(1, share)) * width * 8);
  return '█'.repeat(Math.floor(parts / 8)) + (eighths[parts % 8] ?? '');
};

function heading(record: QueryRecord, style: BitsStyle): Line[] {
  const place = record.place === null ? `position ${record.position}` : `"${record.place}"`;
  return [
    ...record.warnings.flatMap((warning) => prose(`Warning: ${warning}`, style.width, '  ')),
    strong(printable(`${shortName(record.site)} at ${place} of ${record.input}`)),
    ...prose(
      `ε = ${plainNumber(record.epsilon)}${epsilonOrigin(record.epsilonFrom)}, ${metricNames[record.metric]}; ${record.model}${record.decoder === null ? '' : `; ${record.decoder}`}`,
      style.width,
      '  ',
    ),
  ];
}

/** The information in one activation. */
export function renderBits(record: BitsRecord, style: BitsStyle): string {
  const { exact, estimate } = record;
  const figures = [
    ...(exact === null
      ? []
      : [
          `exact      ${exact.bits === null ? 'nothing is inside' : `${number(exact.bits)} bits`}, ${counted(exact.size, 'input')}`,
        ]),
    ...(estimate === null ? [] : [`estimated  ${estimateText(estimate)}`]),
  ];
  const above = aboveWhole(record.features, record.readout.bits);
  return set(
    [
      ...heading(record, style),
      '',
      ...figures.flatMap((line) => prose(line, style.width, ' '.repeat(11))),
      '',
      ...readoutSentences(record.readout).flatMap((line) => prose(line, style.width, '  ').map(strong)),
      '',
      ...featureTable(record.features, style),
      ...(above === null ? [] : ['', ...prose(above, style.width, '  ')]),
    ],
    style,
  );
}

/** `5.34 bits (5.20 to 5.47, 412 effective samples)`, or why there is no number. */
export function estimateText({ bits, low, high, effectiveSamples }: Estimate): string {
  const interval = `${number(low)} to ${high === null ? 'any' : number(high)}`;
  return bits === null
    ? `no number: ${number(effectiveSamples, 1)} effective samples are too few (${atLeast} ${interval} bits)`
    : `${number(bits)} bits (${atLeast} ${interval}; ${Math.round(effectiveSamples).toLocaleString('en')} effective samples)`;
}

function featureTable(features: readonly FeatureBits[], { width }: BitsStyle): string[] {
  if (features.length === 0) return ['No features: nothing was found inside.'];
  const name = Math.max(7, ...features.map(({ feature }) => columns(printable(feature))));
  const value = Math.max(5, ...features.map((one) => columns(printable(String(one.value ?? '–')))));
  const based = features.some(({ baseline }) => baseline > 0);
  const room = Math.max(4, Math.min(24, width - name - value - (based ? 41 : 32)));
  const head = `${padded('feature', name)}  ${padded('bits', room + 15)}${based ? ' by chance' : ''}  consistency  ${padded('value', value)}`;
  return [
    head.trimEnd(),
    ...features.map((one) => {
      const share = one.before === 0 ? 0 : one.bits / one.before;
      const information = `${number(one.bits).padStart(6)} of ${number(one.before).padStart(5)}`;
      const chance = based ? number(one.baseline).padStart(10) : '';
      return `${padded(printable(one.feature), name)}  ${information} ${padded(bar(share, room), room)}${chance}  ${percent(one.consistency, 1).padStart(11)}  ${printable(String(one.value ?? '–'))}`;
    }),
  ];
}

/** Many activations: a row a site and place, its total and its most informative features. */
export function renderSites(record: SitesRecord, style: BitsStyle): string {
  const label = (at: SitesRecord['sites'][number]): string =>
    at.place === null ? shortName(at.site) : `${shortName(at.site)} ${at.place}`;
  const name = Math.max(4, ...record.sites.map((row) => columns(printable(label(row)))));
  const rows = record.sites.flatMap((row) => {
    const { total } = row;
    const head =
      total === null
        ? 'no number'
        : `${number(total.bits).padStart(6)}  ${total.low === null || total.high === null ? 'one query' : `${number(total.low)} to ${number(total.high)}`}`;
    const strongest = row.features
      .filter(({ bits, low }) => (low ?? bits) > 0.05)
      .slice(0, 8)
      .map(({ feature, bits, of }) => `${feature} ${number(bits)}/${number(of)}`)
      .join(', ');
    const first = `${padded(printable(label(row)), name)}  ${padded(head, 24)}  `;
    return prose(strongest === '' ? 'no feature' : strongest, style.width, ' '.repeat(columns(first)), first);
  });
  const { agreement } = record;
  return set(
    [
      strong(`Bits by site${record.sites.some(({ place }) => place !== null) ? ' and place' : ''}`),
      ...prose(
        `${record.exact ? 'Exact' : record.decoder === null ? 'By classes' : 'Estimated'}, mean over ${askedInputs(record.queries, record.heldOut, ['query', 'queries'])} each, with 95% intervals (Student’s t); ε = ${plainNumber(record.epsilon)}, ${metricNames[record.metric]}; seed ${record.seed}; ${record.model}.`,
        style.width,
        '  ',
      ),
      '',
      `${padded('site', name)}  ${padded('bits', 24)}  features, bits of their entropy`,
      ...rows,
      ...(agreement === null
        ? []
        : [
            '',
            ...prose(
              `Estimates against exact values: the interval, meant to hold it in at least 95% of cases, holds the exact value in ${agreement.covered} of ${agreement.queries} queries; the median error is ${agreement.medianError === null ? '–' : number(agreement.medianError, 3)} bits; ${agreement.refused} were refused.`,
              style.width,
              '  ',
            ),
          ]),
    ],
    style,
  );
}

/** An exact preimage, or one known by classes. */
export function renderPreimage(record: PreimageRecord, style: BitsStyle): string {
  const { size, total, bits, interval, samples, sampler } = record;
  const information =
    size === null || total === null
      ? bits === null
        ? 'nothing was found inside'
        : `${number(bits)} bits (${atLeast} ${number(interval?.low ?? bits)} to ${interval?.high === null || interval === null ? 'any' : number(interval.high)})`
      : `${size.toLocaleString('en')} of ${total.toLocaleString('en')} inputs${bits === null ? '' : `: ${number(bits)} bits`}`;
  const text = samples.map((sample) => printable(sample.text));
  const column = Math.max(8, ...text.map((one) => columns(one) + 2));
  const across = Math.max(1, Math.floor(style.width / column));
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += across) {
    lines.push(
      text
        .slice(at, at + across)
        .map((one) => padded(one, column))
        .join('')
        .trimEnd(),
    );
  }
  const ends =
    samples.length === 0
      ? []
      : [
          `${samples.length < (size ?? Infinity) ? `${samples.length} of them` : 'All of them'}, distances ${distanceText(samples[0]?.distance ?? 0)} to ${distanceText(samples.at(-1)?.distance ?? 0)}:`,
        ];
  return set(
    [
      ...heading(record, style),
      '',
      strong(information),
      ...prose(record.exactness, style.width, '  '),
      '',
      ...(record.readout === null
        ? []
        : [
            ...readoutSentences(record.readout).flatMap((line) => prose(line, style.width, '  ').map(strong)),
            '',
          ]),
      ...(record.curve === undefined ? [] : [...curveLines(record.curve, style), '']),
      ...(record.used === undefined ? [] : [strong(usedTitle), ...usedLines(record.used, style.width), '']),
      ...(record.controls === undefined
        ? []
        : [
            strong(controlsTitle),
            ...exactControlLines(record.controls, total ?? 0, record.epsilon, style.width),
            '',
          ]),
      ...ends,
      ...lines,
      ...(sampler === null ? [] : ['', ...samplerLines(sampler, style)]),
    ],
    style,
  );
}

/** The curve as a table: what is inside at each ε, and how much of it has the query's own value of a feature. */
function curveLines({ points, plateaus, total, heldUpTo }: EpsilonCurve, { width }: BitsStyle): Line[] {
  const varying = heldUpTo.flatMap(({ feature }) => {
    const before = points
      .find(({ size }) => size > 0)
      ?.features.find((one) => one.feature === feature)?.before;
    return before === undefined || before === 0 ? [] : [feature];
  });
  const head = `     ε    inside    bits  `;
  const room = Math.max(1, Math.floor((width - head.length) / 9));
  const shown = varying.slice(0, room);
  const cell = (text: string): string => clip(text, 8).padStart(8);
  const at = (point: EpsilonCurve['points'][number], feature: string): string => {
    const own = point.features.find((one) => one.feature === feature);
    return own === undefined ? '–' : percent(own.consistency, 1);
  };
  return [
    strong('How far ε reaches: inputs inside, and the share of them with the value that the query has'),
    `${head}${shown.map(cell).join(' ')}`,
    ...points.map(
      (point) =>
        `${plainNumber(point.epsilon).padStart(6)}${point.size.toLocaleString('en').padStart(10)}${(point.bits === null ? '–' : number(point.bits)).padStart(8)}  ${shown.map((feature) => cell(at(point, feature))).join(' ')}`,
    ),
    ...plateaus.flatMap(({ from, to, size }) =>
      prose(
        `Plateau: from ε = ${plainNumber(from)} to ${plainNumber(to)} nearly the same ${size.toLocaleString('en')} of ${total.toLocaleString('en')} are inside.`,
        width,
        '  ',
      ),
    ),
  ];
}

function samplerLines(sampler: SamplerFigures, { width }: BitsStyle): string[] {
  const { candidates, recall, precision, mass, divergence, calibration } = sampler;
  return [
    ...prose(
      `The sampler found ${percent(recall, 1)} of it in ${candidates.toLocaleString('en')} candidates; ${percent(precision, 1)} of the valid ones were inside. Of the decoder’s probability ${percent(mass, 1)} lies inside, ${number(divergence)} bits from even.`,
      width,
      '  ',
    ),
    ...(calibration.length === 0
      ? []
      : [
          'Calibration: inputs inside by the decoder’s log-probability, and the share of them that plain draws find',
          'log-probability      inputs  promised     found',
          ...calibration.map(
            ({ from, to, inputs, expected, found }) =>
              `${`${number(from, 1)} to ${number(to, 1)}`.padEnd(18)}${inputs.toLocaleString('en').padStart(9)}${percent(expected, 1).padStart(10)}${percent(found, 1).padStart(10)}`,
          ),
        ]),
  ];
}

/** The scatter in figures, and the inputs that the decoder hardly knows of. */
export function renderCompleteness(
  record: CompletenessRecord,
  textOf: (input: number) => string,
  style: BitsStyle,
): string {
  const { inside, outside, total, noise, draws, floor, belowFloor, least, mass, points } =
    record.completeness;
  const unknown = points
    .filter((point) => point.inside && point.logProbability < floor)
    .sort((a, b) => a.logProbability - b.logProbability)
    .slice(0, 10);
  return set(
    [
      ...heading(record, style),
      '',
      ...prose(
        `${inside.toLocaleString('en')} of ${total.toLocaleString('en')} inputs are inside and all of them were scored, of those outside ${outside.toLocaleString('en')}; noise ${plainNumber(noise)}, ${counted(draws, 'draw')}.`,
        style.width,
        '  ',
      ),
      strong(
        `${belowFloor.toLocaleString('en')} of ${inside.toLocaleString('en')} inside have a log-probability below ${number(floor)}`,
      ),
      `The least of them has ${number(least)}; ${percent(mass, 1)} of the decoder’s probability lies inside.`,
      ...unknown.map(
        ({ input, logProbability, distance }) =>
          `  ${printable(textOf(input))}  ${number(logProbability)} at distance ${distanceText(distance)}`,
      ),
    ],
    style,
  );
}
