/**
 * Judged sentences for a terminal: a table of what they are worth, and of each how it was read, its intervals and what it
 * does not describe.
 * @module
 */
import { type Ranged, type SentenceFigures } from '../interpret/sentences/sentence-figures.js';
import {
  type JudgedQuery,
  type JudgedSentence,
  type Judgement,
  type SentencesRecord,
} from '../interpret/sentences/judge-sentences.js';
import { type KnownShare } from '../interpret/sentences/input-set.js';
import { shortName } from '../models/hooks.js';
import { type BitsStyle } from './bits.js';
import { clip, columns, printable, prose } from './columns.js';
import { counted, plainNumber } from './wording.js';

/** Figures of a sentence at one query, or means over several. */
type Figures = Pick<SentenceFigures, 'inside' | 'all' | 'lift' | 'recall' | 'bits' | 'controls'> &
  Partial<Pick<SentenceFigures, 'outside' | 'counted'>>;

/** Renders a record. */
export function renderSentences(record: SentencesRecord, { width, color }: BitsStyle): string {
  const { queries, sentences, features } = record;
  const bold = (text: string): string => (color ? `\u001b[1m${text}\u001b[0m` : text);
  const measured = sentences.map((sentence) => ({ sentence, figures: figuresOf(sentence) }));
  const failed = sentences.filter(({ judgements }) => judgements.every(({ figures }) => figures === null));
  return [
    ...heading(queries, width, bold),
    '',
    ...table(measured, width, bold),
    ...measured.flatMap(({ sentence, figures }) => ['', ...details(sentence, figures, queries, width)]),
    ...togetherLines(queries, width),
    ...(failed.some(({ judgements }) => judgements.some(({ asking }) => asking === null))
      ? ['', ...prose(`Names that sentences can speak of: ${features.join(', ')}.`, width, '  ')]
      : []),
  ].join('\n');
}

function figuresOf({ judgements, mean }: JudgedSentence): Figures | null {
  if (mean === null) return judgements.find(({ figures }) => figures !== null)?.figures ?? null;
  const share = (one: Ranged | null): KnownShare | null =>
    one === null ? null : { share: one.value, low: one.low, high: one.high };
  return {
    inside: share(mean.inside),
    all: share(mean.all),
    lift: null,
    recall: null,
    bits: mean.bits,
    controls: mean.controls.flatMap(({ activation, share: own }) =>
      activation === 'query' || activation === 'bos' || activation === 'random'
        ? [{ activation, share: share(own), inputs: { true: 0, of: 0 } }]
        : [],
    ),
  };
}

function heading(queries: readonly JudgedQuery[], width: number, bold: (text: string) => string): string[] {
  const [first] = queries;
  if (first === undefined) return [];
  const place = first.place ?? `position ${first.position}`;
  if (queries.length > 1)
    return [
      bold(`${shortName(first.site)}, ${queries.length} queries; ${nearText(first)}`),
      ...queries.flatMap((query) =>
        prose(
          `${printable(query.input)} at "${query.place ?? query.position}": ${sizeText(query)}`,
          width,
          '    ',
          '  ',
        ),
      ),
    ];
  return [
    bold(clip(`${shortName(first.site)} at "${place}" of ${printable(first.input)}`, width)),
    ...first.warnings.flatMap((warning) => prose(`Warning: ${warning}`, width, '  ', '  ')),
    ...prose(
      `${sizeText(first)} ${nearText(first)}${first.exactness === null ? '' : ` ${first.exactness}`}`,
      width,
      '  ',
      '  ',
    ),
  ];
}

const nearText = ({ epsilon, at }: JudgedQuery): string =>
  `Inside: within ε = ${plainNumber(epsilon)}${at === null ? '' : ` at "${at}"`}.`;

function sizeText({ kind, inside, outside, bits }: JudgedQuery): string {
  const information = bits === null ? '' : `: ${rangedText(bits)} bits`;
  if (kind === 'exact')
    return `${inside.toLocaleString('en')} of ${(inside + outside).toLocaleString('en')} inputs${information}.`;
  if (kind === 'decoder')
    return `${inside.toLocaleString('en')} distinct inputs found inside by the decoder${information}.`;
  return (
    `${inside.toLocaleString('en')} distinct inputs found inside by a search, which shows that they are there and not how often ` +
    'such inputs occur: no precision, lift or bits.'
  );
}

/** One column of the table. */
interface Column {
  readonly title: string;
  readonly cell: (figures: Figures) => string;
}

const control = (activation: string, title: string): Column => ({
  title,
  cell: ({ controls }) => {
    const own = controls.find((one) => one.activation === activation);
    if (own === undefined) return '–';
    return own.share === null ? countText(own.inputs) : shareText(own.share.share);
  },
});

const tableColumns: readonly Column[] = [
  {
    title: 'inside',
    cell: ({ inside, counted: own }) => (inside === null ? countText(own) : shareText(inside.share)),
  },
  { title: 'all inputs', cell: ({ all }) => (all === null ? '–' : shareText(all.share)) },
  { title: 'lift', cell: ({ lift }) => (lift === null ? '–' : numberText(lift.value)) },
  { title: 'recall', cell: ({ recall }) => (recall === null ? '–' : shareText(recall)) },
  { title: 'bits', cell: ({ bits }) => (bits === null ? '–' : bits.value.toFixed(2)) },
  control('random', 'random'),
  control('bos', 'BOS'),
];

function table(
  measured: readonly { readonly sentence: JudgedSentence; readonly figures: Figures | null }[],
  width: number,
  bold: (text: string) => string,
): string[] {
  const names = measured.map(({ sentence }) => clip(printable(sentence.id), 16));
  const room = Math.max(8, ...names.map(columns));
  const rows = measured.map(({ figures }) =>
    tableColumns.map(({ cell }) => (figures === null ? 'not judged' : cell(figures))),
  );
  const shown = tableColumns.map(({ title }, at) => ({
    title,
    room: Math.max(
      columns(title),
      ...rows.map((row) => (row[0] === 'not judged' ? 0 : columns(row[at] ?? ''))),
    ),
  }));
  const padded = (text: string): string => text + ' '.repeat(Math.max(0, room - columns(text)));
  return [
    bold(
      clip(
        `${padded('sentence')}  ${shown.map(({ title, room: own }) => title.padStart(own)).join('  ')}`,
        width,
      ),
    ),
    ...rows.map((row, at) =>
      clip(
        row[0] === 'not judged'
          ? `${padded(names[at] ?? '')}  not judged`
          : `${padded(names[at] ?? '')}  ${row.map((cell, number) => cell.padStart(shown[number]?.room ?? 0)).join('  ')}`,
        width,
      ),
    ),
  ];
}

function details(
  { id, label, source, judgements, mean }: JudgedSentence,
  figures: Figures | null,
  queries: readonly JudgedQuery[],
  width: number,
): string[] {
  const from = source === null ? '' : ` (${source})`;
  const first = judgements.find((one) => one.figures !== null) ?? judgements[0];
  const single = queries.length === 1 ? (first?.figures ?? null) : null;
  const lines = [
    ...(first === undefined ? [] : readAs(first)),
    ...(mean === null ? [] : [`Means over ${mean.queries} queries, with 95% intervals.`]),
    ...(figures === null ? [] : [figuresText(figures, single, queries[0])]),
    ...(single === null ? [] : examplesText(single)),
  ];
  return [
    ...prose(`${id}: ${label}${from}`, width, '  '),
    ...lines.flatMap((line) => prose(line, width, '    ', '  ')),
  ];
}

/** How a sentence was taken, or why it was not. */
function readAs({ by, predicate, reason, asking }: Judgement): string[] {
  if (predicate !== null) return [`Read as ${predicate}.`];
  if (asking === null) return [`Not judged: ${reason ?? ''}`];
  const { model, inputs, answered, failure, batches } = asking;
  const requests = counted(batches.length, 'request');
  return [
    `No predicate: ${reason ?? ''}`,
    `${by === null ? 'Not judged: ' : ''}${model} answered for ${answered} of ${inputs} inputs in ${requests}${failure === null ? '.' : `: ${failure}.`}`,
  ];
}

function figuresText(
  figures: Figures,
  single: SentenceFigures | null,
  query: JudgedQuery | undefined,
): string {
  const { inside, all, outside, lift, bits, controls } = figures;
  const of =
    query?.bits === null || query?.bits === undefined || single === null
      ? ''
      : ` of the ${query.bits.value.toFixed(2)}`;
  return [
    ...(single?.own === undefined || single.own === null
      ? []
      : [`It is ${single.own ? '' : 'not '}true of the query.`]),
    inside === null
      ? `Inside it is true of ${countText(figures.counted)} that were looked at${all === null ? '' : `, of ${knownText(all)} of all inputs`}.`
      : `True of ${knownText(inside)} of the preimage${outside === null || outside === undefined ? '' : `, ${knownText(outside)} outside`}${all === null ? '' : `, ${knownText(all)} of all inputs`}${lift === null ? '' : `: lift ${rangedText(lift)}`}.`,
    ...(bits === null ? [] : [`It accounts for ${rangedText(bits)}${of} bits.`]),
    ...(controls.length === 0
      ? []
      : [
          `Controls: ${controls
            .map(
              ({ activation, share, inputs }) =>
                `${controlNames[activation]} ${share === null ? countText(inputs) : knownText(share)}`,
            )
            .join(', ')}.`,
        ]),
  ].join(' ');
}

const controlNames = { query: 'the decoder for the query', bos: 'BOS', random: 'random vectors' } as const;

const examplesText = ({ counterexamples: { inside, outside } }: SentenceFigures): string[] => [
  ...(inside.length === 0 ? [] : [`Inside, and not true: ${inside.map(printable).join('; ')}.`]),
  ...(outside.length === 0 ? [] : [`Outside, and true: ${outside.map(printable).join('; ')}.`]),
];

function togetherLines(queries: readonly JudgedQuery[], width: number): string[] {
  const [first] = queries;
  if (first === undefined || queries.length > 1 || first.together === null || first.bits === null) return [];
  return [
    '',
    ...prose(
      `Together those read as predicates account for ${first.together.toFixed(2)} of the ${first.bits.value.toFixed(2)} bits.`,
      width,
      '  ',
    ),
  ];
}

const countText = (own: { readonly true: number; readonly of: number } | undefined): string =>
  own === undefined || own.of === 0 ? '–' : `${own.true.toLocaleString('en')}/${own.of.toLocaleString('en')}`;

/** A share with three digits: `12.3%`, `0.0123%`. */
const shareText = (share: number): string =>
  `${share >= 0.1 ? Number((100 * share).toFixed(1)) : Number((100 * share).toPrecision(2))}%`;

const numberText = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);

function knownText({ share, low, high }: KnownShare): string {
  return low === null || high === null
    ? shareText(share)
    : `${shareText(share)} (${shareText(low)}–${shareText(high)})`;
}

function rangedText({ value, low, high }: Ranged): string {
  if (low === null) return numberText(value);
  return `${numberText(value)} (${high === null ? `≥${numberText(low)}` : `${numberText(low)}–${numberText(high)}`})`;
}
