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
const orZero = (measured: Measured, path: string): number =>
  path.includes('/attention/') && !isMeasured(measured, path) ? 0 : numberOf(measured, path);

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
            return bitsCell(measured, `${model}/bits/${site}@${place}/${feature}`);
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

/** What heads at places do to the answer, and what they hold. */
const headTable =
  (model: string, heads: readonly (readonly [role: string, ...heads: readonly string[]])[]) =>
  (measured: Measured): string =>
    table(
      ['', 'head', 'effect', 'ε', 'inside', 'S', 'IO', 'order', 'the pair'],
      heads.flatMap(([role, ...own]) =>
        own.map((head, at) => {
          const number = (path: string): number => numberOf(measured, `${model}/${path}`);
          const chosen = isMeasured(measured, `${model}/sets/${head}/epsilon`);
          return [
            at === 0 ? role : '',
            named(head),
            `${written(number(`patch/${head}/effect`), 2)} ± ${written(number(`patch/${head}/error`), 2)}`,
            chosen ? String(number(`sets/${head}/epsilon`)) : '0.1, no plateau',
            written(number(`sets/${head}/size`), 1),
            ...['S', 'IO', 'S.order', '{A,B}'].map((feature) =>
              bitsCell(measured, `${model}/bits/${head}/${feature}`),
            ),
          ];
        }),
      ),
    );

/** How much of a set is found when a tenth of the inputs may be judged, and how many of those judged are in it. */
const foundTable =
  (model: string, heads: readonly string[]) =>
  (measured: Measured): string =>
    table(
      ['', 'sets', 'other inputs inside', 'blind', 'search', 'decoder'],
      heads.flatMap((head) => {
        const number = (name: string): number => numberOf(measured, `${model}/found/${head}/${name}`);
        const percent = (name: string): string => `${written(100 * number(name), 0)}%`;
        if (number('queries') === 0) return [];
        return [
          [
            named(head),
            written(number('queries'), 0),
            written(number('others'), 0),
            ...['blind', 'search', 'decoder'].map((finder) =>
              isMeasured(measured, `${model}/found/${head}/${finder}/found`)
                ? `${percent(`${finder}/found`)}, ${percent(`${finder}/hits`)} of ${written(number(`${finder}/judged`), 0)}`
                : '–',
            ),
          ],
        ];
      }),
    );

/** Direct effects of heads at the last token on the logit difference. */
const directTable =
  (model: string, heads: readonly string[]) =>
  (measured: Measured): string =>
    table(
      ['head', 'direct effect', 'IO raised', 'IO lowered', 'S raised', 'S lowered'],
      heads.map((head) => {
        const number = (name: string): number => numberOf(measured, `${model}/direct/${head}/${name}`);
        return [
          `\`${head}\``,
          `${written(number('value'), 2)} ± ${written(number('error'), 2)}`,
          ...['raised', 'lowered', 'subjectRaised', 'subjectLowered'].map(
            (name) => `${written(100 * number(name), 0)}%`,
          ),
        ];
      }),
    );

const named = (head: string): string => {
  const [site = '', place = ''] = head.split('@');
  return `\`${site}\` at \`${place}\``;
};

/** Bits with their interval; what is hardly there is a dot. */
function bitsCell(measured: Measured, path: string): string {
  const mean = numberOf(measured, path);
  return mean < 0.1 ? '·' : `${written(mean, 1)} ${intervalOf(measured, path, 1)}`;
}

/** Whether there is a number of that name. */
function isMeasured(measured: Measured, path: string): boolean {
  try {
    numberOf(measured, path);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const ioiRoles = [
  ['duplicate token', 'a5.6@S2', 'a8.0@S2', 'a14.3@S2', 'a15.7@S2'],
  ['previous token', 'a16.0@S1+1'],
  ['induction', 'a17.4@S2'],
  ['S-inhibition', 'a19.2@END', 'a20.0@END'],
  ['against S', 'a23.3@END'],
  ['name movers', 'a23.0@END', 'a23.1@END', 'a23.2@END', 'a23.7@END', 'a28.1@END', 'a29.1@END'],
  ['negative movers', 'a24.4@END', 'a29.0@END'],
  ['beside them', 'a21.0@END'],
] as const;
const ioiHeads = ioiRoles.flatMap(([, ...heads]) => heads);
const smallHeads = [0, 1, 2, 3].flatMap((layer) => [0, 1, 2, 3].map((head) => `a${layer}.${head}`));

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
  'ioi-heads-language': headTable('language', ioiRoles),
  'ioi-direct-language': directTable(
    'language',
    ioiHeads.flatMap((head) => (head.endsWith('@END') ? [head.replace('@END', '')] : [])),
  ),
  'ioi-found-language': foundTable('language', ioiHeads),
  'ioi-heads-shipped': headTable('shipped', [
    ...[0, 1, 2, 3].map(
      (layer) => [`layer ${layer}`, ...[0, 1, 2, 3].map((head) => `a${layer}.${head}@END`)] as const,
    ),
  ]),
  'ioi-found-shipped': foundTable(
    'shipped',
    smallHeads.flatMap((head) => ['S1+1', 'S2', 'END'].map((place) => `${head}@${place}`)),
  ),
};
