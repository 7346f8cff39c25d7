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

/** A row for each site, and the rest. */
export function attributionRows({ sites, rest, among }: AttributionRecord): Row[] {
  const shared = (shares: ExtremeShares | undefined): Row =>
    among === undefined
      ? {}
      : Object.fromEntries(
          (['raised', 'lowered', 'firstRaised', 'firstLowered'] as const).flatMap(
            (name): [string, Field][] => {
              const own = shares?.[name] ?? null;
              return [
                [name, own?.share ?? null],
                [`${name}Low`, own?.low ?? null],
                [`${name}High`, own?.high ?? null],
              ];
            },
          ),
        );
  const rows = sites.map(({ site, value, standardError, shares }) => ({
    site,
    value,
    standardError,
    ...shared(shares),
  }));
  return [...rows, { site: 'rest', value: rest, standardError: null, ...shared(undefined) }];
}
