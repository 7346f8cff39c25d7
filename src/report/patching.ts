/**
 * Results of patching and attribution for a terminal: tables with bars.
 * @module
 */
import {
  type AblationRecord,
  type AttributionRecord,
  type Baselines,
  type IncrementRecord,
  type OrderRecord,
  type SetsRecord,
  type SweepRecord,
  shownSites,
} from '../causal/records.js';
import { type ExtremeShares } from '../causal/extremes.js';
import { shortName } from '../models/hooks.js';
import { type Share } from '../share.js';
import { clip, columns, printable, prose } from './columns.js';
import { type HeadCell, headCells, rankedAt } from './head-effects.js';
import { askedInputs } from './wording.js';

/** How to print. */
export interface TableOptions {
  /** Columns of a line. */
  readonly width: number;
}

const fixed = (value: number, digits = 2): string => value.toFixed(digits).replace(/^-(?=[0.]*$)/, '');
const withError = (value: number, error: number | null): string =>
  `${fixed(value).padStart(8)}${error === null ? '        ' : ` ±${fixed(error).padStart(6)}`}`;

const eighths = ['', ...Array.from('▏▎▍▌▋▊▉')];
/** A bar from the left; what is below nothing is drawn as light shade. */
function bar(value: number, most: number, width: number): string {
  const share = most === 0 ? 0 : Math.min(1, Math.abs(value) / most);
  if (value < 0) return '░'.repeat(Math.round(share * width));
  const parts = Math.round(share * width * 8);
  return '█'.repeat(Math.floor(parts / 8)) + (eighths[parts % 8] ?? '');
}

const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - columns(text)));
const widest = (texts: readonly string[], least: number, most: number): number =>
  Math.min(most, Math.max(least, ...texts.map(columns)));

function heading(record: Baselines, width: number): string[] {
  const { experiment, about, n, contrasts, seed, heldOut, metric, unit, clean, contrast } = record;
  const sample =
    seed === null
      ? `${n === 1 ? 'one pair' : `${n} pairs`} as given`
      : `${askedInputs(n, heldOut)}, ${contrasts === 1 ? 'a contrast' : `${contrasts} contrasts`} each, seed ${seed}`;
  return [
    ...record.warnings.flatMap((warning) => prose(`Warning: ${warning}`, width, '  ')),
    ...prose(`${experiment}: ${about}`, width, '  '),
    ...prose(`${sample}; ${record.model}`, width, '  '),
    `${metric}, ${unit}: clean ${withError(clean, record.cleanStandardError).trim()}, contrast ${withError(contrast, record.contrastStandardError).trim()}`,
  ];
}

/** Both orders of an experiment, one table after the other. */
export function renderOrders(records: readonly OrderRecord[], { width }: TableOptions): string {
  const [head] = records;
  if (head === undefined) return '';
  const most = Math.max(...records.flatMap(({ sets }) => sets.map(({ increment }) => Math.abs(increment))));
  const name = widest(
    records.flatMap(({ sets }) => sets.map(({ added }) => added)),
    'backward order'.length,
    34,
  );
  const room = Math.max(4, width - name - 2 - 16 - 2 - 16 - 2);
  const row = ({
    added,
    increment,
    incrementStandardError,
    effect,
    standardError,
  }: IncrementRecord): string =>
    `${padded(clip(printable(added), name), name)}  ${withError(increment, incrementStandardError)}  ${withError(effect, standardError)}  ${bar(increment, most, room)}`;
  const tables = records.map(({ order, sets }) => [
    '',
    `${padded(`${order} order`, name)}  ${'increment'.padEnd(16)}  ${'effect so far'.padEnd(16)}`,
    ...sets.map(row),
  ]);
  return [...heading(head, width), ...tables.flat()].map((line) => line.trimEnd()).join('\n');
}

/** Chosen sets. */
export function renderSets(record: SetsRecord, { width }: TableOptions): string {
  const most = Math.max(...record.sets.map(({ effect }) => Math.abs(effect)));
  const names = record.sets.map(({ patched }) => (patched.length === 0 ? 'nothing' : patched.join(' + ')));
  const name = widest(names, 6, 50);
  const rows = record.sets.map(
    ({ effect, standardError }, at) =>
      `${padded(clip(printable(names[at] ?? ''), name), name)}  ${withError(effect, standardError)}  ${bar(effect, most, Math.max(4, width - name - 20))}`,
  );
  return [...heading(record, width), '', `${padded('patched', name)}  effect`, ...rows].join('\n');
}

/** A sweep's map: sites down, positions across. */
export function renderSweep(record: SweepRecord, { width }: TableOptions): string {
  const sites = record.sites.map(shortName);
  const name = widest(sites, 4, 34);
  const cell = Math.max(8, ...record.positions.map((position) => columns(position) + 1));
  const fits = Math.max(1, Math.floor((width - name) / cell));
  const blocks: string[] = [];
  for (let from = 0; from < record.positions.length; from += fits) {
    const part = record.positions.slice(from, from + fits);
    const across = (texts: readonly string[]): string =>
      texts.map((text) => ' '.repeat(Math.max(1, cell - columns(text))) + text).join('');
    blocks.push('', padded('', name) + across(part.map(printable)));
    sites.forEach((site, row) => {
      const values = part.map((_, at) =>
        (record.changed[row]?.[from + at] ?? 0) === 0 ? '·' : fixed(record.effects[row]?.[from + at] ?? NaN),
      );
      blocks.push(padded(site, name) + across(values));
    });
  }
  // Cells that nothing can come of are marked: a warning is for a map of nothing else.
  const idle = record.changed.every((row) => row.every((share) => share === 0));
  const warned = idle ? record : { ...record, warnings: [] };
  return [...heading(warned, width), ...blocks, '', '· the patch changed no logit'].join('\n');
}

/** Heads that a ranked list has room for. */
const mostRanked = 15;

/** Every head at each position: those that do most, with their 95% intervals, and what the others come to. */
export function renderHeads(record: SweepRecord, { width }: TableOptions): string {
  const cells = headCells(record);
  const most = Math.max(...cells.map(({ effect }) => Math.abs(effect)));
  const row = ({ site, effect, low, high }: HeadCell): string => {
    const interval = low === null || high === null ? '' : `${fixed(low)} to ${fixed(high)}`;
    return `${padded(shortName(site), 8)}${fixed(effect).padStart(7)}  ${padded(interval, 16)}  ${bar(effect, most, Math.max(4, width - 35))}`;
  };
  const tables = record.positions.flatMap((position) => {
    const ranked = rankedAt(cells, position);
    const others = ranked.slice(mostRanked).map(({ effect }) => effect);
    return [
      '',
      `at ${printable(position)}    effect  95% interval`,
      ...ranked.slice(0, mostRanked).map(row),
      ...(others.length === 0
        ? []
        : [`${others.length} others: ${fixed(Math.min(...others))} to ${fixed(Math.max(...others))}`]),
    ];
  });
  return [...heading(record, width), ...tables].map((line) => line.trimEnd()).join('\n');
}

/** A mean ablation. */
export function renderAblation(record: AblationRecord, { width }: TableOptions): string {
  const scientific = (value: number): string => value.toExponential(2).padStart(10);
  return [
    ...prose(`${record.experiment}: ${record.about}`, width, '  '),
    ...prose(
      `${askedInputs(record.n, record.heldOut)}, seed ${record.seed ?? 0}; ${record.model}`,
      width,
      '  ',
    ),
    '',
    'place   KL, nats      logit loss  as a share of the logit',
    ...record.places.map(
      ({ place, kl, logitLoss, relativeLogitLoss }) =>
        `${padded(place, 6)}${scientific(kl)}    ${scientific(logitLoss)}  ${scientific(relativeLogitLoss)}`,
    ),
  ].join('\n');
}

/** An attribution: sites with bars, and of a single input the tokens they raise and lower. */
export function renderAttribution(record: AttributionRecord, { width }: TableOptions): string {
  const { sites, others } = shownSites(record);
  const rows = [
    ...sites,
    ...(others === null
      ? []
      : [{ site: `${others.count} others`, value: others.value, standardError: null }]),
    { site: 'rest', value: record.rest, standardError: null },
  ];
  const most = Math.max(...rows.map(({ value }) => Math.abs(value)));
  const name = widest(
    rows.map(({ site }) => shortName(site)),
    4,
    34,
  );
  const tokens = (list: readonly { readonly token: string }[] | undefined): string =>
    (list ?? []).map(({ token }) => printable(token)).join(' ');
  const lists = sites.map(({ raised, lowered }) => [tokens(raised), tokens(lowered)] as const);
  const listed = widest(
    lists.map(([raised]) => raised),
    0,
    30,
  );
  const room = Math.max(4, Math.min(30, width - name - 20 - (listed > 0 ? 2 * listed + 6 : 0)));
  const lines = rows.map(({ site, value, standardError }, at) => {
    const [raised = '', lowered = ''] = lists[at] ?? [];
    const start = `${padded(shortName(site), name)}  ${withError(value, standardError)}  `;
    return `${start}${padded(bar(value, most, room), room)}  ${padded(clip(raised, listed), listed)}  ${clip(lowered, listed)}`;
  });
  const titles = listed > 0 ? `${padded('', name + 20 + room)}  ${padded('raised', listed)}  lowered` : '';
  const sample =
    record.n === 1 ? '' : `${record.n.toLocaleString('en')} held-out inputs, seed ${record.seed ?? 0}; `;
  return [
    ...prose(record.about, width, '  '),
    ...prose(`${sample}${record.model}`, width, '  '),
    `all of the logits: ${withError(record.total, record.totalStandardError).trim()}; rest: biases and parts that were not asked for`,
    ...(others === null
      ? []
      : prose(
          `The ${sites.length} sites that add most either way; --json and figures’ data have all.`,
          width,
          '  ',
        )),
    titles,
    ...lines,
    ...shareLines(record, width),
  ]
    .map((line) => line.trimEnd())
    .join('\n');
}

/** How often each site has the answer among what it raises, or lowers, most. */
function shareLines(record: AttributionRecord, width: number): string[] {
  const { among, n } = record;
  const { sites } = shownSites(record);
  if (among === undefined) return [];
  const { count, vocabulary, rivals } = among;
  const percent = (value: number): string => `${(100 * value).toFixed(1)}%`;
  // Ends in whole percent, outward, so that four of them stand in a line.
  const text = (share: Share | null | undefined): string =>
    share === null || share === undefined
      ? ''
      : `${percent(share.share).padStart(6)} (${Math.floor(100 * share.low)} to ${Math.ceil(100 * share.high)})`;
  const name = widest(
    sites.map(({ site }) => shortName(site)),
    4,
    34,
  );
  const row = (first: string, cells: readonly string[]): string =>
    clip(`${padded(first, name)}  ${cells.map((cell) => padded(cell, 18)).join('')}`, width);
  const ahead =
    rivals === 0
      ? ''
      : ` First: it is also ahead of all the others of the ${rivals} tokens that ${among.answers === undefined ? 'answer any of these inputs' : 'can answer texts of the task'}.`;
  const titles = rivals === 0 ? ['raised', 'lowered'] : ['raised', 'first', 'lowered', 'first'];
  const table = (
    of: (site: AttributionRecord['sites'][number]) => ExtremeShares | undefined,
    ranked: boolean,
  ) => [
    row('', ranked ? titles : ['raised', 'lowered']),
    ...sites.map((site) => {
      const { raised, firstRaised, lowered, firstLowered } = of(site) ?? {};
      const cells = ranked && rivals > 0 ? [raised, firstRaised, lowered, firstLowered] : [raised, lowered];
      return row(shortName(site.site), cells.map(text));
    }),
  ];
  const has = (name: 'againstShares' | 'anyShares'): boolean =>
    sites.some((site) => site[name] !== undefined);
  const chance = 1 - (1 - count / vocabulary) ** (among.answers ?? 0);
  return [
    '',
    ...prose(
      `Share of the ${n.toLocaleString('en')} inputs whose answer is among the ${count} most raised, or lowered, of ${vocabulary.toLocaleString('en')} tokens (by chance ${percent(count / vocabulary)}), with 95% intervals in percent.${ahead}`,
      width,
      '  ',
    ),
    ...table(({ shares }) => shares, true),
    ...(has('againstShares')
      ? [
          '',
          ...prose('The same of the token that the answer is held against.', width, '  '),
          ...table(({ againstShares }) => againstShares, true),
        ]
      : []),
    ...(has('anyShares')
      ? [
          '',
          ...prose(
            `Any of the ${among.answers ?? 0} tokens that texts of the task can be answered with (by chance ${percent(chance)}).`,
            width,
            '  ',
          ),
          ...table(({ anyShares }) => anyShares, false),
        ]
      : []),
  ];
}
