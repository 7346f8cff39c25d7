/**
 * Measurements of information as rows of a table: what stands in the CSV beside a figure.
 * @module
 */
import {
  type BitsRecord,
  type CompletenessRecord,
  type CompletenessSweepRecord,
  type PreimageRecord,
  type SitesRecord,
} from '../interpret/records.js';
import { type Field } from './csv.js';

type Row = Readonly<Record<string, Field>>;

/** A row a feature of one query. */
export const bitsRows = ({ features, site, place, input }: BitsRecord): Row[] =>
  features.map((one) => ({ input, site, place, ...one }));

/** A row a threshold and feature, and one for the whole of each threshold. */
export const curveRows = ({ site, place, input, curve }: PreimageRecord): Row[] =>
  curve?.points.flatMap(({ epsilon, size, bits, features }) => [
    { input, site, place, epsilon, feature: 'all', size, bits, of: null, consistency: null },
    ...features.map(({ feature, bits: own, before, consistency }) => ({
      input,
      site,
      place,
      epsilon,
      feature,
      size,
      bits: own,
      of: before,
      consistency,
    })),
  ]) ?? [];

/** A row a site, place and feature, and one for the whole of each site and place. */
export const sitesRows = ({ sites }: SitesRecord): Row[] =>
  sites.flatMap(({ site, place, queries, total, features }) => [
    {
      site,
      place,
      queries,
      feature: 'all',
      bits: total?.bits ?? null,
      low: total?.low ?? null,
      high: total?.high ?? null,
      of: null,
      consistency: null,
    },
    ...features.map(({ feature, bits, low, high, of, consistency }) => ({
      site,
      place,
      queries,
      feature,
      bits,
      low,
      high,
      of,
      consistency,
    })),
  ]);

/** A row a scored input. */
export const completenessRows = (
  { completeness }: CompletenessRecord,
  textOf: (input: number) => string,
): Row[] => completeness.points.map(({ input, ...rest }) => ({ input: textOf(input), ...rest }));

/** A row a scored input of each query. */
export const completenessSweepRows = (
  { cells }: CompletenessSweepRecord,
  textOf: (input: number) => string,
): Row[] =>
  cells.flatMap((cell) =>
    completenessRows(cell, textOf).map((row) => ({
      site: cell.site,
      place: cell.place ?? cell.position,
      query: cell.input,
      ...row,
    })),
  );
