/**
 * Results of patching and attribution as rows of a table: what stands in the CSV beside a figure.
 * @module
 */
import { type PatchAnswer } from '../causal/ask.js';
import { type ExtremeShares } from '../causal/extremes.js';
import { type AttributionRecord } from '../causal/records.js';
import { type Field } from './csv.js';
import { meanInterval } from './head-effects.js';

type Row = Readonly<Record<string, Field>>;

/** A row for each set, cell or place. */
export function patchRows(answer: PatchAnswer): Row[] {
  if ('effects' in answer) {
    return answer.sites.flatMap((site, row) =>
      answer.positions.map((position, column) => {
        const effect = answer.effects[row]?.[column] ?? NaN;
        const standardError = answer.standardErrors[row]?.[column] ?? null;
        const [low = null, high = null] = meanInterval(effect, standardError, answer) ?? [];
        const changed = answer.changed[row]?.[column] ?? null;
        return { site, position, effect, standardError, low, high, changed };
      }),
    );
  }
  if ('places' in answer) return answer.places.map((place) => ({ ...place }));
  if ('sets' in answer) {
    return answer.sets.map(({ patched, ...rest }) => ({ patched: patched.join(' + '), ...rest }));
  }
  return answer.flatMap(({ experiment, order, sets }) =>
    sets.map(({ patched, ...rest }) => ({ experiment, order, ...rest, patched: patched.join(' + ') })),
  );
}

/** Columns of the shares of an answer: their names begin with a prefix. */
const shareKinds = ['raised', 'lowered', 'firstRaised', 'firstLowered'] as const;
const shareColumns = (shares: ExtremeShares | undefined, prefix = ''): Row =>
  Object.fromEntries(
    shareKinds.flatMap((name): [string, Field][] => {
      const own = shares?.[name] ?? null;
      const column = prefix === '' ? name : `${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`;
      return [
        [column, own?.share ?? null],
        [`${column}Low`, own?.low ?? null],
        [`${column}High`, own?.high ?? null],
      ];
    }),
  );

/** A row for each site, and the rest. */
export function attributionRows({ sites, rest, among, ...record }: AttributionRecord): Row[] {
  const has = (name: 'againstShares' | 'anyShares'): boolean =>
    sites.some((site) => site[name] !== undefined);
  const shared = (site: Partial<AttributionRecord['sites'][number]>): Row =>
    among === undefined
      ? {}
      : {
          ...shareColumns(site.shares),
          ...(has('againstShares') ? shareColumns(site.againstShares, 'against') : {}),
          ...(has('anyShares') ? shareColumns(site.anyShares, 'any') : {}),
        };
  const rows = sites.map((site) => {
    const { value, standardError } = site;
    const [low = null, high = null] = meanInterval(value, standardError, record) ?? [];
    return { site: site.site, value, standardError, low, high, ...shared(site) };
  });
  return [...rows, { site: 'rest', value: rest, standardError: null, low: null, high: null, ...shared({}) }];
}
