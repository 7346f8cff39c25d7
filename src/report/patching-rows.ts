/**
 * Results of patching and attribution as rows of a table: what stands in the CSV beside a figure.
 * @module
 */
import { type PatchAnswer } from '../causal/ask.js';
import { type AttributionRecord } from '../causal/records.js';
import { type Field } from './csv.js';

type Row = Readonly<Record<string, Field>>;

/** A row for each set, cell or place. */
export function patchRows(answer: PatchAnswer): Row[] {
  if ('effects' in answer) {
    return answer.sites.flatMap((site, row) =>
      answer.positions.map((position, column) => ({
        site,
        position,
        effect: answer.effects[row]?.[column] ?? null,
        standardError: answer.standardErrors[row]?.[column] ?? null,
        changed: answer.changed[row]?.[column] ?? null,
      })),
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
export function attributionRows({ sites, rest }: AttributionRecord): Row[] {
  const rows = sites.map(({ site, value, standardError }) => ({ site, value, standardError }));
  return [...rows, { site: 'rest', value: rest, standardError: null }];
}
