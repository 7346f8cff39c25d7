/**
 * Sentences of the case studies as claims on what was measured. A sentence is followed by what makes it true:
 *
 * `It is one head. <!-- holds: "shipped/patch/A1-from-F1S1/forward/a0.0@=" > 0.9 * "shipped/patch/A1-from-F1S1/forward/all" -->`
 *
 * Names of figures stand in quotes; of one with an interval the mean is meant, and its ends are `…/low` and `…/high`. Numbers
 * are added, multiplied and compared (`<`, `<=`, `>`, `>=`, in chains), comparisons joined by `and`. `least`, `most` and `sum`
 * take several: of names with a star, every figure whose name fits (`"shipped/sweep/x/a0.*@="`), but none of those named
 * after `but`: `most("…/a*@=" but "…/a0.0@=")`.
 * @module
 */
import { type Measured, numberOf } from './measured.js';
import { type Figures } from './study.js';

/** A claim that what was measured does not bear out. */
export class BrokenClaim extends Error {
  override readonly name = 'BrokenClaim';
}

const token = /\s*(?:"([^"]+)"|(\d+(?:\.\d+)?)|(<=|>=|[<>+\-*/(),])|(and|but|least|most|sum)\b)/uy;

type Token =
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'sign'; readonly text: string };

function tokensOf(text: string): Token[] {
  const out: Token[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.trimEnd().length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new SyntaxError(`a claim cannot be read from "${text.slice(at)}" on`);
    const [, name, number, sign, word] = match;
    if (name !== undefined) out.push({ kind: 'name', text: name });
    else if (number !== undefined) out.push({ kind: 'number', value: Number(number) });
    else out.push({ kind: 'sign', text: sign ?? word ?? '' });
  }
  return out;
}

/** Names of all figures that fit a name with stars, each of which stands for anything but `/`. */
export function fitting(measured: Measured, pattern: string): string[] {
  const steps = pattern.split('/').map((step) => {
    const escaped = step.split('*').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    return new RegExp(`^${escaped.join('.*')}$`, 'u');
  });
  let found: [name: string, at: Figures[string]][] = [['', measured]];
  for (const step of steps) {
    found = found.flatMap(([name, at]) =>
      typeof at === 'object'
        ? Object.entries(at)
            .filter(([own]) => step.test(own))
            .map(([own, inner]): [string, Figures[string]] => [name === '' ? own : `${name}/${own}`, inner])
        : [],
    );
  }
  return found.map(([name]) => name);
}

const compares: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};
const gathers: Readonly<Record<string, (all: readonly number[]) => number>> = {
  least: (all) => Math.min(...all),
  most: (all) => Math.max(...all),
  sum: (all) => all.reduce((sum, one) => sum + one, 0),
};

/**
 * Checks a claim.
 * @throws BrokenClaim with the figures where it does not hold
 * @throws SyntaxError where it cannot be read, RangeError for figures that were not measured
 */
export function check(claim: string, measured: Measured): void {
  const tokens = tokensOf(claim);
  let at = 0;
  const isSign = (...texts: string[]): boolean => {
    const next = tokens[at];
    return next?.kind === 'sign' && texts.includes(next.text);
  };
  const sign = (...texts: string[]): string => {
    const next = tokens[at];
    if (next?.kind !== 'sign' || !texts.includes(next.text))
      throw new SyntaxError(`"${claim}": ${texts.join(' or ')} is missing`);
    at += 1;
    return next.text;
  };
  const values = (name: string): number[] => {
    const names = name.includes('*') ? fitting(measured, name) : [name];
    if (names.length === 0) throw new RangeError(`nothing was measured as ${name}`);
    return names.map((one) => numberOf(measured, one));
  };
  function gathered(how: (all: readonly number[]) => number): number {
    sign('(');
    const taken = new Map<string, number>();
    const other: number[] = [];
    do {
      const next = tokens[at];
      if (next?.kind === 'name' && next.text.includes('*')) {
        at += 1;
        const names = fitting(measured, next.text);
        if (names.length === 0) throw new RangeError(`nothing was measured as ${next.text}`);
        for (const one of names) taken.set(one, numberOf(measured, one));
      } else other.push(added());
    } while (isSign(',') && sign(','));
    if (isSign('but')) {
      sign('but');
      do {
        const next = tokens[at++];
        if (next?.kind !== 'name') throw new SyntaxError(`"${claim}": names stand after but`);
        const names = next.text.includes('*') ? fitting(measured, next.text) : [next.text];
        for (const one of names)
          if (!taken.delete(one)) throw new RangeError(`"${claim}": ${one} is not among those before but`);
      } while (isSign(',') && sign(','));
    }
    sign(')');
    return how([...taken.values(), ...other]);
  }
  function single(): number {
    const next = tokens[at];
    if (next === undefined) throw new SyntaxError(`"${claim}" ends too soon`);
    at += 1;
    if (next.kind === 'number') return next.value;
    if (next.kind === 'name') return values(next.text)[0] ?? NaN;
    if (next.text === '-') return -single();
    if (next.text === '(') {
      const value = added();
      sign(')');
      return value;
    }
    const how = gathers[next.text];
    if (how === undefined) throw new SyntaxError(`"${claim}": ${next.text} stands in the wrong place`);
    return gathered(how);
  }
  function multiplied(): number {
    let value = single();
    while (isSign('*', '/')) value = sign('*', '/') === '*' ? value * single() : value / single();
    return value;
  }
  function added(): number {
    let value = multiplied();
    while (isSign('+', '-')) value = sign('+', '-') === '+' ? value + multiplied() : value - multiplied();
    return value;
  }
  do {
    let left = added();
    if (!isSign(...Object.keys(compares))) throw new SyntaxError(`"${claim}" compares nothing`);
    while (isSign(...Object.keys(compares))) {
      const text = sign(...Object.keys(compares));
      const right = added();
      if (compares[text]?.(left, right) !== true)
        throw new BrokenClaim(
          `${claim}: ${left.toPrecision(4)} is not ${text} ${right.toPrecision(4)}; the sentence before it does not hold any more`,
        );
      left = right;
    }
  } while (isSign('and') && sign('and'));
  if (at < tokens.length) throw new SyntaxError(`"${claim}" goes on after its end`);
}

/** The claims of a document. */
export const claimsOf = (document: string): string[] =>
  [...document.matchAll(/<!--\s*holds:\s*([^]*?)\s*-->/gu)].map(([, claim = '']) =>
    claim.replaceAll(/\s+/g, ' '),
  );
