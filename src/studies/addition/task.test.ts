import { describe, expect, it } from 'vitest';
import { addition, additionIndex, additionPair } from './task.js';

const reference = [10, 6, 1, 5, 11, 8, 6, 1, 12, 1, 4, 7, 6, 13];
const placesOf = (input: string): string =>
  addition
    .places(addition.encode(input))
    .map(({ name, index }) => `${name}@${index}`)
    .join(' ');

describe('addition', () => {
  it('has the published tokens', () => {
    expect(addition.encode('615+861=1476')).toEqual(reference);
    expect(addition.decode(reference)).toBe('615+861=1476');
  });

  it('has all pairs, each at its index', () => {
    expect(addition.data.size).toBe(810_000);
    for (const [a, b] of [
      [100, 100],
      [100, 999],
      [999, 100],
      [999, 999],
      [615, 861],
    ] as const) {
      expect(additionPair(additionIndex(a, b))).toEqual({ a, b });
      expect(addition.decode(addition.data.instance(additionIndex(a, b)))).toBe(`${a}+${b}=${a + b}`);
    }
  });

  it('holds out exactly a quarter, evenly over the hundreds and whatever the order of the numbers', () => {
    let held = 0;
    let both = 0;
    const byHundreds = new Array<number>(10).fill(0);
    const train = new Uint8Array(addition.data.size);
    for (let k = 0; k < addition.data.splitSize.train; k++) {
      const [, f1 = 0, f2 = 0, f3 = 0, , s1 = 0, s2 = 0, s3 = 0] = addition.data.member('train', k);
      train[additionIndex(f1 * 100 + f2 * 10 + f3, s1 * 100 + s2 * 10 + s3)] = 1;
    }
    for (let index = 0; index < train.length; index++) {
      if (train[index] === 1) continue;
      const { a, b } = additionPair(index);
      held++;
      if (train[additionIndex(b, a)] === 0) both++;
      const hundreds = Math.floor(a / 100);
      byHundreds[hundreds] = (byHundreds[hundreds] ?? 0) + 1;
    }
    expect(held).toBe(202_500);
    for (const count of byHundreds.slice(1)) expect(Math.abs(count - 22_500)).toBeLessThan(700);
    expect(Math.abs(both / held - 0.25)).toBeLessThan(0.01);
  });

  it('keeps its held-out pairs: shipped models were trained on the others', () => {
    const first = [0, 1, 2, 202_499].map((k) => addition.decode(addition.data.member('test', k)));
    expect(first).toMatchInlineSnapshot(`
      [
        "984+298=1282",
        "690+510=1200",
        "655+418=1073",
        "707+453=1160",
      ]
    `);
  });

  it('has the published sites in the order of a run', () => {
    expect(addition.sites).toHaveLength(13);
    expect(addition.sites[0]).toBe('blocks.0.hook_resid_pre');
    expect(addition.sites.at(-1)).toBe('blocks.1.hook_resid_post');
  });

  it('names its places, three- and four-digit sums alike', () => {
    expect(placesOf('615+861=1476')).toBe(
      'BOS@0 F1@1 F2@2 F3@3 +@4 S1@5 S2@6 S3@7 =@8 A1@9 A2@10 A3@11 A4@12 E@13',
    );
    expect(placesOf('100+100=200')).toBe('BOS@0 F1@1 F2@2 F3@3 +@4 S1@5 S2@6 S3@7 =@8 A1@9 A2@10 A3@11 E@12');
  });

  it('names what it can of malformed inputs', () => {
    expect(placesOf('12+5')).toBe('BOS@0 F1@1 F2@2 +@3 S1@4 E@5');
    expect(placesOf('1+2+3=+4')).toBe('BOS@0 F1@1 +@2 S1@3 S2@5 =@6 A1@8 E@9');
    expect(placesOf('=1+2')).toBe('BOS@0 =@1 A1@2 +@3 A2@4 E@5');
  });

  it('asks about every place but BOS and EOS', () => {
    expect(addition.positions(reference)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(addition.positions([...addition.encode('12+5'), 14, 14])).toEqual([1, 2, 3, 4]);
  });

  it.each([
    ['615+861=1475', 'does not hold: 615+861 is 1476, not 1475'],
    ['100+100=0200', 'does not hold: 100+100 is 200, not 0200'],
    ['12+5', 'not of the form a+b=c with a and b in 100…999: 12+5'],
    ['012+345=357', 'not of the form a+b=c with a and b in 100…999: 012+345=357'],
    ['100+100=', 'not of the form a+b=c with a and b in 100…999: 100+100='],
  ])('says why %s is not an input of the task', (input, reason) => {
    expect(addition.check(addition.encode(input))).toBe(reason);
    expect(addition.data.inSplit(addition.encode(input))).toBeNull();
  });

  it('completes six digits, leading zeros too, and nothing else', () => {
    const { complete, toFree } = addition.completion;
    expect(toFree(reference)).toEqual([10, 6, 1, 5, 8, 6, 1]);
    expect(addition.decode(complete([10, 0, 1, 2, 3, 4, 5]) ?? [])).toBe('012+345=357');
    expect(addition.decode(complete([10, 0, 0, 0, 0, 0, 0]) ?? [])).toBe('000+000=0');
    for (const free of [
      [],
      [10, 1, 2, 3, 4, 5],
      [10, 1, 2, 3, 4, 5, 11],
      [10, 1, 2, 3, 4, 5, 6, 7],
      [1, 1, 2, 3, 4, 5, 6],
    ]) {
      expect(complete(free)).toBeNull();
    }
  });

  it('annotates the sum and the carries', () => {
    expect(addition.annotate(reference)).toEqual({ sum: 1476, C2: 0, C3: 0 });
    expect(addition.annotate(addition.encode('195+105=300'))).toEqual({ sum: 300, C2: 1, C3: 1 });
    expect(addition.annotate(addition.encode('151+160=311'))).toEqual({ sum: 311, C2: 1, C3: 0 });
    expect(addition.annotate(addition.encode('12+5'))).toEqual({});
  });
});
