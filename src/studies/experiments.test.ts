import { describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { seededRandom } from '../random.js';
import { addition, counting, experimentNamed, experiments, withDigits } from './index.js';
import { type Experiment, drawCases, heldOut, placeIn } from '../causal/experiment.js';

const ofAddition = experiments.filter(({ task }) => task === addition);
const indices = (column: string): number[] => [Number(column[1]), 4 + Number(column[1])];

/** The conditions of each experiment, told from the text of a sum: `[digits of F, digits of S, answer]`. */
type SumText = readonly [string, string, string];
const d = (text: string, at: number): number => Number(text[at]);
const sum = ([f, s]: SumText, at: number): number => d(f, at) + d(s, at);
const one = ([, , answer]: SumText): boolean => answer.startsWith('1');
const conditions: Readonly<
  Record<string, readonly [(text: SumText) => boolean, (text: SumText) => boolean]>
> = {
  'A1-from-F1S1': [() => true, () => true],
  'A1-from-F2S2': [(t) => sum(t, 0) < 10, () => true],
  'A2-from-F1S1-A1is1': [one, one],
  'A2-from-F2S2-A1is1': [(t) => sum(t, 0) >= 10, one],
  'A2-from-F2S2-A1not1': [(t) => !one(t), (t) => !one(t)],
  'A2-from-F3S3-A1not1': [(t) => !one(t) && !(sum(t, 0) === 9 && sum(t, 1) === 9), (t) => !one(t)],
  'A3-from-F2S2-A1is1': [one, one],
  'A3-from-F3S3-A1is1': [(t) => one(t) && !(sum(t, 0) === 9 && sum(t, 1) === 9), one],
  'A3-from-F3S3-A1not1': [(t) => !one(t), (t) => !one(t)],
  'A4-from-F3S3-A1is1': [one, one],
  'A4-from-F1S1': [() => true, () => true],
};

const textOf = (ids: readonly number[]): SumText => {
  const [, f = '', s = '', answer = ''] = /^(\d+)\+(\d+)=(\d+)$/.exec(addition.decode(ids)) ?? [];
  return [f, s, answer];
};

describe('the experiments', () => {
  it('have the names of the method, in its order', () => {
    expect(ofAddition.map(({ name }) => name)).toEqual(Object.keys(conditions));
    expect(experiments.filter(({ task }) => task === counting).map(({ name }) => name)).toEqual([
      'flip',
      'other-count',
    ]);
  });

  it('are found by name and task', () => {
    for (const experiment of experiments) {
      expect(experimentNamed(experiment.name, experiment.task.name)).toBe(experiment);
    }
    expect(() => experimentNamed('A1-from-F1S2', 'addition')).toThrow(
      /^Unknown experiment "A1-from-F1S2"\. Did you mean "A1-from-F[12]S[12]"\? Experiments of addition: A1-from-F1S1, /,
    );
    expect(() => experimentNamed('flip', 'addition')).toThrow(
      new InputError('"flip" is an experiment of counting, not of addition: give --task counting.'),
    );
  });
});

describe.each(ofAddition.map((experiment) => [experiment.name, experiment] as const))(
  '%s',
  (name, experiment) => {
    const [answer = '', , column = ''] = name.split('-');
    const [onInput, onContrast] = conditions[name] ?? [];
    const cases = drawCases(experiment, 300, 5, 2);
    const answerAt = placeIn(addition, addition.encode('100+100=200'), '=') + Number(answer[1]);

    it('takes held-out inputs that meet the condition, each once, and no others', () => {
      const inputs = cases.filter((_, at) => at % 2 === 0).map(({ clean }) => clean);
      expect(new Set(inputs.map((ids) => ids.join())).size).toBe(inputs.length);
      for (const ids of inputs) {
        expect(addition.data.inSplit(ids)).toBe('test');
        expect(onInput?.(textOf(ids))).toBe(true);
      }
      const random = seededRandom(2);
      for (let i = 0; i < 500; i++) {
        const ids = addition.sample(random, 'test');
        expect(experiment.accepts(ids)).toBe(onInput?.(textOf(ids)));
      }
    });

    it('contrasts by other digits in its column, another answer, and the answer that follows', () => {
      for (const { clean, contrast, answerAt: own, contrastAnswerAt } of cases) {
        expect([own, contrastAnswerAt]).toEqual([answerAt, answerAt]);
        expect(contrast[answerAt]).not.toBe(clean[answerAt]);
        expect(onContrast?.(textOf(contrast))).toBe(true);
        const changed = clean.flatMap((id, at) => (at < 9 && id !== contrast[at] ? [at] : []));
        expect(indices(column)).toEqual(expect.arrayContaining(changed));
        const [f, s, written] = textOf(contrast);
        expect(written).toBe(String(Number(f) + Number(s)).padStart(3, '0'));
        expect(contrast.at(-1)).toBe(addition.eos);
      }
    });

    it('patches all eight heads where the answer is predicted', () => {
      expect(experiment.steps.flat().map(({ site }) => site)).toEqual([
        'a0.0',
        'a0.1',
        'a0.2',
        'a0.3',
        'a1.0',
        'a1.1',
        'a1.2',
        'a1.3',
      ]);
      for (const { place } of experiment.steps.flat()) {
        for (const { clean, contrast } of cases.slice(0, 20)) {
          expect([placeIn(addition, clean, place), placeIn(addition, contrast, place)]).toEqual([
            answerAt - 1,
            answerAt - 1,
          ]);
        }
      }
    });

    it('is determined by its seed', () => {
      expect(drawCases(experiment, 20, 5, 2)).toEqual(
        cases
          .slice(0, 40)
          .map((own, at) => ({ ...own, contrast: drawCases(experiment, 20, 5, 2)[at]?.contrast })),
      );
      expect(drawCases(experiment, 20, 6)).not.toEqual(drawCases(experiment, 20, 5));
    });
  },
);

describe('redrawn digits', () => {
  it('are uniform over those that serve', () => {
    const ids = addition.encode('304+205=509');
    const experiment = experimentNamed('A1-from-F1S1', 'addition');
    const random = seededRandom(9);
    const counts = new Map<string, number>();
    for (let i = 0; i < 9000; i++) {
      const drawn = experiment.contrast(ids, random) ?? [];
      const key = `${drawn[1]} ${drawn[5]}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    // 304 + 205 starts with 5, as do the six pairs with a sum of 5 and none other.
    expect(counts.size).toBe(94);
    for (const count of counts.values())
      expect(Math.abs(count - 9000 / 94)).toBeLessThan(5 * Math.sqrt(9000 / 94));
  });

  it('at A4 set E against a digit', () => {
    const experiment = experimentNamed('A4-from-F1S1', 'addition');
    for (const { clean, contrast } of drawCases(experiment, 100, 1)) {
      expect([clean[12], contrast[12]]).toContain(addition.eos);
    }
  });

  it('are written out in three digits at the least', () => {
    const ids = addition.encode('950+620=1570');
    expect(
      addition.decode(
        withDigits(
          ids,
          new Map([
            [1, 0],
            [5, 0],
          ]),
        ),
      ),
    ).toBe('050+020=070');
    expect(
      addition.decode(
        withDigits(
          ids,
          new Map([
            [1, 0],
            [5, 1],
          ]),
        ),
      ),
    ).toBe('050+120=170');
    expect(addition.decode(withDigits(ids, new Map()))).toBe('950+620=1570');
  });
});

describe('flip', () => {
  const experiment = experimentNamed('flip', 'counting');
  const cases = drawCases(experiment, 400, 3, 2);

  it('leaves out the shortest and the longest strings', () => {
    for (const { clean } of cases) {
      const length = clean.indexOf(35) - 1;
      expect(length).toBeGreaterThan(3);
      expect(length).toBeLessThan(27);
    }
    expect(experiment.accepts(counting.encode('abc|a:1'))).toBe(false);
    expect(experiment.accepts(counting.encode('abbc|b:2'))).toBe(true);
    expect(experiment.accepts(counting.encode(`${'abc'.repeat(9)}|a:9`))).toBe(false);
  });

  it('changes one letter into another of the string, and the count with it', () => {
    for (const { clean, contrast, answerAt } of cases) {
      expect(counting.check(contrast)).toBeNull();
      expect(contrast).toHaveLength(clean.length);
      const changed = clean.flatMap((id, at) => (id === contrast[at] ? [] : [at]));
      expect(changed).toHaveLength(2);
      expect(changed[1]).toBe(answerAt);
      expect(clean.slice(1, clean.indexOf(35))).toContain(contrast[changed[0] ?? 0]);
      expect(Math.abs((clean[answerAt] ?? 0) - (contrast[answerAt] ?? 0))).toBe(1);
    }
  });
});

describe('other-count', () => {
  it('takes held-out inputs with another count, of any length', () => {
    const cases = drawCases(experimentNamed('other-count', 'counting'), 200, 4);
    for (const { clean, contrast, answerAt, contrastAnswerAt } of cases) {
      expect(counting.data.inSplit(contrast)).toBe('test');
      expect(contrast[contrastAnswerAt]).not.toBe(clean[answerAt]);
      expect(contrastAnswerAt).toBe(contrast.length - 2);
    }
    expect(cases.filter(({ clean, contrast }) => clean.length !== contrast.length).length).toBeGreaterThan(
      150,
    );
  });
});

describe('held-out inputs', () => {
  it('are a longer list of the same for a larger number', () => {
    expect(heldOut(addition, 1, 50).slice(0, 20)).toEqual(heldOut(addition, 1, 20));
    expect(heldOut(addition, 2, 20)).not.toEqual(heldOut(addition, 1, 20));
  });

  it('end where no more meet the condition', () => {
    const few = heldOut(addition, 1, 100, (ids) => addition.decode(ids).startsWith('984+29'));
    expect(few.length).toBeGreaterThan(0);
    expect(few.length).toBeLessThan(10);
  });

  it('that none meets are a mistake to be told, as is a contrast that cannot be', () => {
    const base = experimentNamed('A1-from-F1S1', 'addition');
    const never: Experiment = { ...base, inputs: 'F1 > 9', accepts: () => false };
    expect(() => drawCases(never, 10, 1)).toThrow(
      new InputError('A1-from-F1S1: no input of the test split meets its condition (F1 > 9).'),
    );
    const stuck: Experiment = { ...base, contrast: () => null };
    expect(() => drawCases(stuck, 10, 1)).toThrow(
      /^A1-from-F1S1: no contrast of \d+\+\d+=\d+ meets its condition\.$/,
    );
  });
});
