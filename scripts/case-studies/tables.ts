/**
 * Tables of the case studies.
 * @module
 */
import { additionExperiments } from '../../src/studies/addition/experiments.js';
import { intervalOf, table, written } from './document.js';
import { type Measured, numberOf } from './measured.js';

const heads = ['a0.0', 'a0.1', 'a0.2', 'a0.3', 'a1.0', 'a1.1', 'a1.2', 'a1.3'];

/** A logit difference; what is hardly there is a dot, so that the eye finds the rest. */
function cell(value: number): string {
  if (Math.abs(value) < 0.5) return '·';
  const text = written(value, 1);
  return value >= 3 ? `**${text}**` : text;
}

const increments =
  (model: string, order: string) =>
  (measured: Measured): string =>
    table(
      ['experiment', ...heads, 'all'],
      additionExperiments.map(({ name, steps }) => {
        const place = steps[0]?.[0]?.place ?? '';
        const at = (label: string): number => numberOf(measured, `${model}/patch/${name}/${order}/${label}`);
        return [`\`${name}\``, ...heads.map((head) => cell(at(`${head}@${place}`))), written(at('all'), 1)];
      }),
    );

const counts = Array.from({ length: 9 }, (_, at) => String(at + 1));

/** Norms and attention by count, in rows of one profile. */
const byCount =
  (profile: string, rows: readonly (readonly [string, string, number])[]) =>
  (measured: Measured): string =>
    table(
      ['', ...counts],
      ['shipped', 'published'].flatMap((model) =>
        rows.map(([label, path, digits]) => [
          `${label}, ${model}`,
          ...counts.map((count) =>
            written(orZero(measured, `${model}/profile/${profile}/values/${count}/${path}`), digits),
          ),
        ]),
      ),
    );

/** What no input looks at has no share. */
function orZero(measured: Measured, path: string): number {
  try {
    return numberOf(measured, path);
  } catch (error) {
    if (error instanceof RangeError && path.includes('/attention/')) return 0;
    throw error;
  }
}

/** Bits with their intervals, a row a site and place; what is hardly there is a dot. */
const bits =
  (model: string, sites: readonly string[], places: readonly string[], features: readonly string[]) =>
  (measured: Measured): string =>
    table(
      ['', 'all', ...features],
      sites.flatMap((site) =>
        places.map((place) => [
          `\`${site}\` at \`${place}\``,
          ...['all', ...features].map((feature) => {
            const path = `${model}/bits/${site}@${place}/${feature}`;
            const mean = numberOf(measured, path);
            return mean < 0.1 ? '·' : `${written(mean, 1)} ${intervalOf(measured, path, 1)}`;
          }),
        ]),
      ),
    );
const additionBits = (model: string): ((measured: Measured) => string) =>
  bits(model, heads, ['S3', '=', 'A1', 'A2', 'A3'], ['{F1,S1}', '{F2,S2}', '{F3,S3}', 'C2', 'C3', 'A1']);
const countingBits = (model: string): ((measured: Measured) => string) =>
  bits(
    model,
    ['a0.0', 'm0', 'x0.post', 'a1.0', 'x1.post'],
    ['query', ':'],
    ['count', 'letter', 'letters', 'length'],
  );

/** By name. */
export const tables: Readonly<Record<string, (measured: Measured) => string>> = {
  'increments-shipped': increments('shipped', 'forward'),
  'increments-published': increments('published', 'forward'),
  'increments-shipped-backward': increments('shipped', 'backward'),
  'addition-bits-shipped': additionBits('shipped'),
  'addition-bits-published': additionBits('published'),
  'counting-bits-shipped': countingBits('shipped'),
  'counting-bits-published': countingBits('published'),
  'query-by-count': byCount('a0.0-query', [
    ['attention to the letter', 'attention/as query', 2],
    ['attention to BOS', 'attention/BOS', 2],
    ['norm of a0.0', 'norm', 2],
  ]),
  'colon-by-count': byCount('a1.0-colon', [
    ['attention to query', 'attention/query', 2],
    ['norm of a1.0', 'norm', 1],
  ]),
};
