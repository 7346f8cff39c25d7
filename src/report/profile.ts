/**
 * Profiles and attention for a terminal, and as rows of a table.
 * @module
 */
import { type AttentionRecord } from '../interpret/attention.js';
import { type ProfileRecord } from '../interpret/profile.js';
import { shortName } from '../models/hooks.js';
import { clip, columns, printable, prose } from './columns.js';
import { type Field } from './csv.js';
import { askedInputs } from './wording.js';

/** How to print. */
export interface ProfileStyle {
  /** Columns of a line. */
  readonly width: number;
}

type Row = Readonly<Record<string, Field>>;

const circumstances = ({ inputs, heldOut, only, seed, model }: AttentionRecord | ProfileRecord): string =>
  `${askedInputs(inputs, heldOut)}${only === null ? '' : ` with ${only}`}, seed ${seed}; ${model}.`;

/** Lines of cells, each column as wide as its widest. */
function table(rows: readonly (readonly string[])[], width: number): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => columns(row[at] ?? ''))));
  return rows.map((row) =>
    clip(
      row
        .map((cell, at) => {
          const room = ' '.repeat(Math.max(0, (widths[at] ?? 0) - columns(cell)));
          return at === 0 ? cell + room : room + cell;
        })
        .join('  ')
        .trimEnd(),
      width,
    ),
  );
}

const share = (value: number | undefined): string =>
  value === undefined || value < 0.005 ? '·' : value.toFixed(2).replace(/^0/, '');

/** Where heads look: a line a head and place. */
export function renderAttention(record: AttentionRecord, { width }: ProfileStyle): string {
  return [
    ...prose(`Mean attention; ${circumstances(record)}`, width, '  '),
    '',
    ...table(
      [
        ['from', ...record.sources.map(printable)],
        ...record.rows.map(({ site, place, shares }) => [
          printable(`${shortName(site)} ${place}`),
          ...record.sources.map((source) => share(shares[source])),
        ]),
      ],
      width,
    ),
  ].join('\n');
}

/** A profile: a line a value. */
export function renderProfile(record: ProfileRecord, { width }: ProfileStyle): string {
  const { site, place, feature, values, explained } = record;
  const sources = sourcesOf(record);
  return [
    ...prose(`${shortName(site)} at "${place}", by ${feature}; ${circumstances(record)}`, width, '  '),
    ...prose(`${(100 * explained).toFixed(1)}% of the variance lies between the values.`, width, '  '),
    '',
    ...table(
      [
        [
          feature,
          'inputs',
          'norm',
          'deviation',
          'cosine',
          ...sources.map((source) => `to ${printable(source)}`),
        ],
        ...values.map((one) => [
          printable(String(one.value ?? '–')),
          String(one.inputs),
          one.norm.toFixed(2),
          one.deviation.toFixed(2),
          one.cosine.toFixed(2),
          ...sources.map((source) => share(one.attention?.[source])),
        ]),
      ],
      width,
    ),
  ].join('\n');
}

const sourcesOf = ({ values }: ProfileRecord): string[] => [
  ...new Set(values.flatMap(({ attention }) => Object.keys(attention ?? {}))),
];

/** A row a head, place and source. */
export const attentionRows = ({ rows }: AttentionRecord): Row[] =>
  rows.flatMap(({ site, place, shares }) =>
    Object.entries(shares).map(([source, value]) => ({ site, place, source, attention: value })),
  );

/** A row a value. */
export const profileRows = (record: ProfileRecord): Row[] =>
  record.values.map(({ attention, ...rest }) => ({
    site: record.site,
    place: record.place,
    feature: record.feature,
    ...rest,
    ...Object.fromEntries(
      sourcesOf(record).map((source) => [`attention ${source}`, attention?.[source] ?? null]),
    ),
  }));
