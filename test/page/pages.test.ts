/** The list of pages, and the address that holds what was chosen on them. */
import { describe, expect, it } from 'vitest';
import { pages } from '../../web/src/pages.js';
import { type Address, formatAddress, parseAddress } from '../../web/src/state/address.js';

/** Every field of every page away from its default, after those of a live and a pinned reading. */
const whole =
  '#patch?case=addition&input=615%2B861=1476&site=a0.3&at==&candidates=64&temperature=0.5,1&noise=0.1&seed=7' +
  '&metric=cosine&epsilon=0.2&also=A1&colours=off&own=1%2B2=3&1.case=counting&1.input=ab&1.at=-1&1.follows=on&1.saved=mine' +
  '&figure=bits&cell=16' +
  '&tab=sites&change=F1&change=S1~5&draw=3&predict=A1&measure=kl&scale=shares&contrasts=16&many=256&patched=a0.0&patched=m1' +
  '&experiment=plus&inputs=20&inputs-seed=4&token=1&against=2' +
  '&exact=on&completeness=on&draws=20&training=mine&model=owner/name&offline=on&text=When%20Mary&bos=none';
const read = (hash: string): Address => parseAddress(hash, pages);
const choiceOf = (name: string, { choices }: Address): object | undefined => choices.get(name);

describe('pages', () => {
  it.each(['name', 'key', 'title'] as const)('have each a %s of their own', (what) => {
    const all = pages.map((page) => page[what]);
    expect(new Set(all).size).toBe(all.length);
  });

  it('are opened by keys that are digits, which no other command has', () => {
    for (const { key } of pages) expect(key).toMatch(/^\d$/);
  });

  it('have address fields that no other page and no reading has', () => {
    const empty = read('');
    const fieldsOf = (name: string): string[] => {
      const page = pages.find((one) => one.name === name);
      const choice = choiceOf(name, read(whole));
      return choice === undefined
        ? []
        : [...new Set([...(page?.fields?.format(choice) ?? [])].map(([key]) => key))];
    };
    const readings = formatAddress({ ...read(whole), choices: new Map() }, pages);
    const all = [
      ...new Set([...new URLSearchParams(readings.split('?')[1]).keys()]),
      ...pages.flatMap(({ name }) => fieldsOf(name)),
    ];
    expect(all.filter((key, at) => all.indexOf(key) !== at)).toEqual([]);
    // At their defaults they are left out.
    expect(formatAddress(empty, pages)).toBe('#read');
  });
});

describe('the address', () => {
  it('gives back what it was made of', () => {
    expect(formatAddress(read(whole), pages)).toBe(whole);
    expect(read(formatAddress(read(whole), pages))).toEqual(read(whole));
  });

  it.each(pages.map(({ name }) => name))('opens a page by its name: %s', (name) => {
    expect(read(`#${name}?case=addition`).view).toBe(name);
  });

  it.each(['', '#', '#nowhere', '#?', '#READ'])('opens the first page where it names none: "%s"', (hash) => {
    expect(read(hash).view).toBe(pages[0].name);
  });

  it('leaves at its default what cannot be understood', () => {
    const wrong = read(
      '#overview?cell=-1&draws=many&measure=none&tab=no&many=0&draw=x&candidates=1.5&seed=-2&temperature=0&metric=far&noise=-1',
    );
    expect(wrong).toEqual({ ...read(''), view: 'overview' });
  });
});
