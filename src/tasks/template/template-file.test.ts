/** Template files: what they may hold, and what is said of those that are wrong. */
import { describe, expect, it } from 'vitest';
import { languageOf, wordTokenizer } from '../../../test/fixtures/word-tokenizer.js';
import { InputError } from '../../input-error.js';
import { readTemplate } from './template-file.js';
import { type Template } from './template.js';
import { templateTask } from './template-task.js';

/** Files beside the template, by name. */
const files = (content: Readonly<Record<string, string>>) => (path: string) => {
  const text = content[path];
  return text === undefined
    ? Promise.reject(new InputError(`There is no file "${path}".`))
    : Promise.resolve(text);
};
const read = (text: string, beside: Readonly<Record<string, string>> = {}): Promise<Template> =>
  readTemplate(text, 'mine.yaml', files(beside));
const fillersOf = (template: Template, name: string): string[] => {
  const slot = template.slots.get(name);
  return slot?.kind === 'fillers' ? slot.fillers.map(({ text }) => text) : [];
};
const file = (...lines: readonly string[]): string => lines.join('\n');

describe('a template file', () => {
  it('has slots of every kind', async () => {
    const template = await read(
      file(
        'name: all',
        'patterns: ["{A} {B} {S} {O} {C} {N} {T} {J} {Y}"]',
        'slots:',
        '  B: { same-as: A }',
        '  A: [x, { text: y, weight: 2, place: Paris, rank: 3, known: true, more: [1] }]',
        '  S: { one-of: [A, B] }',
        '  O: { other-of: [A, B], than: S }',
        '  D: { fillers: [{ text: p, capital: q }] }',
        '  C: { attribute: D.capital }',
        '  N: { range: [-1, 2] }',
        '  T: { from: words.txt }',
        '  J: { from: sub/words.json }',
        '  Y: { from: words.yaml }',
      ),
      {
        'words.txt': 'one\r\n\r\ntwo words\nthree',
        'sub/words.json': '[{"text": 7, "weight": 0.5}, "eight"]',
        'words.yaml': '- nine\n- ten',
      },
    );
    expect([...template.slots.keys()]).toEqual(['B', 'A', 'S', 'O', 'D', 'C', 'N', 'T', 'J', 'Y']);
    expect(fillersOf(template, 'A')).toEqual(['x', 'y']);
    expect(template.slots.get('B')).toEqual(template.slots.get('A'));
    expect(template.slots.get('A')).toMatchObject({ family: 'A' });
    const slot = template.slots.get('A');
    const [x, y] = slot?.kind === 'fillers' ? slot.fillers : [];
    expect([x?.weight, y?.weight]).toEqual([1, 2]);
    expect([...(y?.attributes ?? [])]).toEqual([
      ['place', 'Paris'],
      ['rank', 3],
      ['known', 'true'],
    ]);
    expect(template.slots.get('S')).toEqual({ kind: 'one-of', slots: ['A', 'B'] });
    expect(template.slots.get('O')).toEqual({ kind: 'other-of', slots: ['A', 'B'], than: 'S' });
    expect(template.slots.get('C')).toEqual({ kind: 'attribute', slot: 'D', attribute: 'capital' });
    expect(fillersOf(template, 'N')).toEqual(['-1', '0', '1', '2']);
    expect(fillersOf(template, 'T')).toEqual(['one', 'two words', 'three']);
    expect(fillersOf(template, 'J')).toEqual(['7', 'eight']);
    expect(fillersOf(template, 'Y')).toEqual(['nine', 'ten']);
  });

  it('is read alike as YAML and JSON, with line ends of Windows and a byte order mark', async () => {
    const content = {
      name: 'same',
      about: 'About it.',
      patterns: ['a {A}', { text: 'b {A}', weight: 2 }],
      slots: { A: ['x', 'y'] },
      constraints: ['A != "z"'],
      answer: ' {A}',
      contrast: { answer: ' z', redraw: ['A'] },
      places: { here: 'after first A' },
      positions: ['here'],
      sites: ['a0.1'],
      epsilon: 0.2,
      metric: 'cosine',
      split: { by: ['A'], test: 0.5 },
    };
    const yaml = file(
      'name: same',
      'about: About it.',
      'patterns:',
      '  - a {A}',
      '  - { text: "b {A}", weight: 2 }',
      'slots: { A: [x, y] }',
      `constraints: ['A != "z"']`,
      'answer: " {A}"',
      'contrast: { answer: " z", redraw: [A] }',
      'places: { here: after first A }',
      'positions: [here]',
      'sites: [a0.1]',
      'epsilon: 0.2',
      'metric: cosine',
      'split: { by: [A], test: 0.5 }',
    );
    const json = await read(JSON.stringify(content));
    const plain = ({ constraints, ...rest }: Template): unknown => ({
      ...rest,
      constraints: constraints.map(({ text, left, comparison, right }) => ({
        text,
        left,
        comparison,
        right,
      })),
    });
    for (const text of [yaml, yaml.replaceAll('\n', '\r\n'), `\uFEFF${yaml}`])
      expect(plain(await read(text))).toEqual(plain(json));
    expect(json).toMatchObject({ epsilon: 0.2, metric: 'cosine', split: { by: ['A'], test: 0.5 } });
    const slots = { A: { from: 'a.txt' }, B: { from: 'b.json' } };
    const beside = { 'a.txt': '\uFEFFx\r\ny\r\n', 'b.json': '\uFEFF["z"]' };
    const marked = await read(JSON.stringify({ name: 'marked', patterns: ['{A}{B}'], slots }), beside);
    expect([fillersOf(marked, 'A'), fillersOf(marked, 'B')]).toEqual([['x', 'y'], ['z']]);
  });

  it('has braces in its texts where they are written twice', async () => {
    const { patterns } = await read(
      '{"name": "braces", "patterns": ["{{{ A }}} }}{{x}}"], "slots": {"A": ["a"]}}',
    );
    expect(patterns[0]?.parts).toEqual([
      { kind: 'text', text: '{' },
      { kind: 'slot', slot: 'A' },
      { kind: 'text', text: '} }{x}' },
    ]);
  });

  it('has the places of its slots, and the end, where it names none', async () => {
    const { places, about, split, epsilon } = await read(
      '{"name": "bare", "patterns": ["{B} {A} {B}"], "slots": {"A": ["a"], "B": ["b"]}}',
    );
    expect(places.map(({ name }) => name)).toEqual(['B', 'A', 'END']);
    expect([about, split, epsilon]).toEqual(['Texts of 1 pattern.', { by: null, test: 0.25 }, 0.1]);
  });

  it('has slots, attributes and places of any name, those of prototypes too', async () => {
    const template = await read(
      file(
        'name: prototypes',
        'patterns: ["{constructor} {toString} {valueOf}"]',
        'slots:',
        '  constructor: [{ text: x, constructor: y, hasOwnProperty: z, __proto__: w }]',
        '  toString: { attribute: constructor.hasOwnProperty }',
        '  valueOf: { same-as: constructor }',
        'constraints: [constructor.constructor = "y"]',
        'places: { constructor: first constructor, toString: after first toString }',
      ),
    );
    expect([...template.slots.keys()]).toEqual(['constructor', 'toString', 'valueOf']);
    const task = templateTask(template, languageOf(wordTokenizer()), []);
    const ids = task.encode('x z x');
    expect(task.check(ids)).toBeNull();
    expect(task.places(ids)).toEqual([
      { name: 'BOS', index: 0 },
      { name: 'constructor', index: 1 },
      { name: 'toString', index: 4 },
    ]);
    expect(task.annotate(ids)).toEqual({ pattern: 1, constructor: 'x', valueOf: 'x' });
    expect(Object.prototype).not.toHaveProperty('x');
  });
});

/** The lines of a good file, one of them changed. */
const lines = {
  name: 'name: mine',
  patterns: 'patterns: ["{A} and {B} met {S}"]',
  slots: 'slots:',
  A: '  A: [Ann, { text: Bob, gender: m }]',
  B: '  B: { same-as: A }',
  S: '  S: { one-of: [A, B] }',
  O: '  O: { other-of: [A, B], than: S }',
  constraints: 'constraints: ["A != B"]',
  answer: 'answer: " {O}"',
  contrast: 'contrast: { answer: " {S}", redraw: [A, B] }',
  places: 'places: { S1: first S, END: last }',
  positions: 'positions: [S1]',
  split: 'split: { by: [A], test: 0.25 }',
};
const withLines = (changes: Readonly<Partial<Record<keyof typeof lines, string>>>): string =>
  Object.values({ ...lines, ...changes }).join('\n');

const slotKinds =
  'a list of fillers is needed, or one of { fillers }, { from: file }, { range: [first, last] }, { same-as: slot }, { one-of: [slots] }, { other-of: [slot, slot], than: slot }, { attribute: slot.name }, { either: [slots] }';

describe('a template file that is wrong', () => {
  it.each<[string, Partial<Record<keyof typeof lines, string>>, string]>([
    [
      'an unknown slot in a pattern',
      { patterns: 'patterns: ["{A} met {a}"]' },
      'mine.yaml:2: No slot is named "a". Did you mean "A"? Slots: A, B, S, O.',
    ],
    [
      'an unknown slot in a constraint',
      { constraints: 'constraints: ["A != B", "A != Q.gender"]' },
      'mine.yaml:8: No slot is named "Q". Did you mean "A"? Slots: A, B, S, O.',
    ],
    [
      'an unknown slot in the answer',
      { answer: 'answer: " {answer}"' },
      'mine.yaml:9: No slot is named "answer". Slots: A, B, S, O.',
    ],
    [
      'an unknown slot in the contrast',
      { contrast: 'contrast:\n  answer: x\n  redraw: [A,\n    name]' },
      'mine.yaml:13: No slot is named "name". Slots: A, B, S, O.',
    ],
    [
      'an unknown slot in the contrast answer',
      { contrast: 'contrast:\n  redraw: [A]\n  answer: " {name}"' },
      'mine.yaml:12: No slot is named "name". Slots: A, B, S, O.',
    ],
    [
      'an unknown slot of a place',
      { places: 'places:\n  S1: first S\n  P: last place' },
      'mine.yaml:13: places.P: no slot is named "place". Slots: A, B, S, O.',
    ],
    [
      'an unknown slot of a split',
      { split: 'split: { by: [A, place] }' },
      'mine.yaml:13: No slot is named "place". Slots: A, B, S, O.',
    ],
    [
      'an unknown slot in another',
      { S: '  S: { one-of: [A, C] }' },
      'mine.yaml:6: No slot is named "C". Did you mean "A"? Slots: A, B, S, O.',
    ],
    [
      'an unknown slot to take the list of',
      { B: '  B: { same-as: names }' },
      'mine.yaml:5: No slot is named "names". Slots: A, B, S, O.',
    ],
    [
      'a slot taken from itself',
      { S: '  S: { one-of: [A, S] }' },
      'mine.yaml:6: slots.S: it is taken from itself.',
    ],
    [
      'slots taken from each other',
      { S: '  S: { attribute: O.x }' },
      'mine.yaml:6: slots.S: it is taken from itself.',
    ],
    [
      'a list taken from itself',
      { A: '  A: { same-as: B }' },
      'mine.yaml:4: slots.A: B has no list of fillers to take.',
    ],
    [
      'a list of a slot that has none',
      { B: '  B: { same-as: S }' },
      'mine.yaml:5: slots.B: S has no list of fillers to take.',
    ],
    [
      'a choice of a slot without fillers',
      { S: '  S: { one-of: [A, O] }', O: '  O: { attribute: A.gender }', A: '  A: [{ text: a, gender: m }]' },
      'mine.yaml:6: slots.S: O has no fillers of its own.',
    ],
    [
      'a choice of one slot twice',
      { S: '  S: { one-of: [A, A] }' },
      'mine.yaml:6: slots.S: A stands there twice.',
    ],
    [
      'the other of one slot twice',
      { O: '  O: { other-of: [A, A], than: S }' },
      'mine.yaml:7: slots.O: A stands there twice.',
    ],
    [
      'the other of what is no choice',
      { O: '  O: { other-of: [A, B], than: A }' },
      'mine.yaml:7: slots.O: A must be one-of [A, B], of which this is the other.',
    ],
    [
      'an attribute that a filler lacks',
      { O: '  O: { attribute: A.gender }' },
      'mine.yaml:7: slots.O: the filler "Ann" of A has no attribute "gender": give it one, or say some: true, and patterns that use O take the fillers that have it.',
    ],
    [
      'an attribute of a choice',
      { O: '  O: { attribute: S.gender }' },
      'mine.yaml:7: slots.O: S has no fillers of its own.',
    ],
    [
      'an attribute without a slot',
      { O: '  O: { attribute: gender }' },
      'mine.yaml:7: slots.O.attribute: slot.attribute is needed, as in country.capital.',
    ],
    [
      'an attribute that no filler has',
      { constraints: 'constraints: ["A.gendre = B.gender"]' },
      'mine.yaml:8: No filler of A has an attribute "gendre". Did you mean "gender"? Attributes: gender.',
    ],
    [
      'what is no constraint',
      { constraints: 'constraints: ["A is B"]' },
      'mine.yaml:8: "A is B" is no constraint: give two sides and one of != <= >= = < >, as in A != B.',
    ],
    [
      'a constraint with two signs',
      { constraints: 'constraints: ["A < B < S"]' },
      'mine.yaml:8: "A < B < S" is no constraint: give two sides and one of != <= >= = < >, as in A != B.',
    ],
    [
      'an empty constraint',
      { constraints: 'constraints: [""]' },
      'mine.yaml:8: "" is no constraint: give two sides and one of != <= >= = < >, as in A != B.',
    ],
    [
      'a filler twice',
      { A: '  A:\n    - Ann\n    - Bob\n    - Ann' },
      'mine.yaml:7: slots.A: the filler "Ann" stands there twice.',
    ],
    ['a number twice', { A: '  A: [1, "1"]' }, 'mine.yaml:4: slots.A: the filler "1" stands there twice.'],
    ['an empty filler', { A: '  A: [Ann, ""]' }, 'mine.yaml:4: slots.A: filler 2 is empty.'],
    ['an empty list', { A: '  A: []' }, 'mine.yaml:4: slots.A: a slot needs one filler at least.'],
    [
      'a filler that is none',
      { A: '  A: [Ann, [Bob]]' },
      'mine.yaml:4: slots.A.1: a text is needed, or { text, weight, and attributes of any name }.',
    ],
    [
      'a filler without a text',
      { A: '  A:\n    - { gender: m }' },
      'mine.yaml:5: slots.A.0: a text is needed, or { text, weight, and attributes of any name }.',
    ],
    [
      'a weight below 0',
      { A: '  A: [{ text: Ann, weight: -1 }]' },
      'mine.yaml:4: slots.A.0.weight: a weight above 0 is needed.',
    ],
    ['a slot that is a text', { A: '  A: Ann' }, `mine.yaml:4: slots.A: ${slotKinds}.`],
    ['a slot of no kind', { A: '  A: { list: [Ann] }' }, `mine.yaml:4: slots.A: ${slotKinds}.`],
    ['a slot of two kinds', { B: '  B: { same-as: A, from: x.txt }' }, `mine.yaml:5: slots.B: ${slotKinds}.`],
    [
      'a range that goes down',
      { A: '  A: { range: [9, 1] }' },
      'mine.yaml:4: slots.A: the range 9 to 1 has no number or too many.',
    ],
    [
      'a range of a million',
      { A: '  A: { range: [0, 1000000] }' },
      'mine.yaml:4: slots.A: the range 0 to 1000000 has no number or too many.',
    ],
    [
      'a pattern twice',
      { patterns: 'patterns:\n  - "{A} met {B}"\n  - { text: "{A} met {B}" }' },
      'mine.yaml:4: patterns: the pattern "{A} met {B}" stands there twice.',
    ],
    ['no pattern', { patterns: 'patterns: []' }, 'mine.yaml:2: patterns: one pattern is needed at least.'],
    ['an empty pattern', { patterns: 'patterns: [""]' }, 'mine.yaml:2: patterns.0: a text is needed.'],
    [
      'a pattern that is none',
      { patterns: 'patterns: [7]' },
      'mine.yaml:2: patterns.0: a text with slots in braces is needed, or { text, weight, answer, attributes }.',
    ],
    [
      'a lone brace',
      { patterns: 'patterns: ["{A} met {B"]' },
      'mine.yaml:2: "{A} met {B" has a lone {: slots are {name}, and a brace is written twice.',
    ],
    [
      'a lone brace that closes',
      { answer: 'answer: "O}"' },
      'mine.yaml:9: "O}" has a lone }: slots are {name}, and a brace is written twice.',
    ],
    [
      'an empty slot',
      { patterns: 'patterns: ["{A} met {}"]' },
      'mine.yaml:2: No slot is named "". Slots: A, B, S, O.',
    ],
    [
      'an unknown place in positions',
      { positions: 'positions: [S1, S2]' },
      'mine.yaml:12: positions: no place is named "S2". Did you mean "S1"? Places: S1, END.',
    ],
    [
      'a place that is none',
      { places: 'places: { S1: sixth S }' },
      'mine.yaml:11: places.S1: "sixth S" is no place: give last, or first, second … or last and a slot, with after, before or start of before it.',
    ],
    [
      'a place that every text has',
      { places: 'places: { BOS: first S }' },
      'mine.yaml:11: places.BOS: a place cannot be named so: every text has one.',
    ],
    [
      'a split of a slot without fillers',
      { split: 'split: { by: [S] }' },
      'mine.yaml:13: split.by: S has no fillers of its own to part.',
    ],
    [
      'a share of everything',
      { split: 'split: { test: 1 }' },
      'mine.yaml:13: split.test: a share under 1 is needed.',
    ],
    [
      'a name of other letters',
      { name: 'name: My task' },
      'mine.yaml:1: name: small letters, digits and hyphens are needed, 40 at most.',
    ],
    [
      'a slot named as a pattern is',
      { O: '  pattern: [x]', answer: 'answer: x' },
      'mine.yaml:7: slots.pattern: a slot cannot be named so: it is what the patterns are called.',
    ],
    [
      'a file of fillers that is missing',
      { A: '  A: { from: names.txt }' },
      'mine.yaml:4: slots.A: There is no file "names.txt".',
    ],
  ])('is refused for %s', async (_, changes, message) => {
    const error: unknown = await read(withLines(changes)).then(
      () => null,
      (problem: unknown) => problem,
    );
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toBe(message);
  });
  it.each<[string, string, string]>([
    ['no file at all', '', 'mine.yaml: named fields are needed.'],
    ['a list', '[a]', 'mine.yaml: named fields are needed.'],
    ['a field that is missing', 'name: x\npatterns: [a]', 'mine.yaml: slots: it is missing.'],
    [
      'a field of another type',
      'name: x\npatterns: a\nslots: {}',
      'mine.yaml:2: patterns: a list is needed.',
    ],
    [
      'a field that is none',
      'name: x\npatterns: [a]\nslots: {}\nplace: {}',
      'mine.yaml:4: place: the format has no such field.',
    ],
    [
      'a slot name with a space',
      'name: x\npatterns: [a]\nslots: {\n "a b": [x] }',
      'mine.yaml:4: slots.a b: a name begins with a letter and has letters, digits, _, + and -.',
    ],
    [
      'a slot named __proto__',
      'name: x\npatterns: ["{__proto__}"]\nslots: { __proto__: [x], A: [y] }',
      'mine.yaml:2: No slot is named "__proto__". Slots: A.',
    ],
    ['YAML that is none', 'name: x\npatterns: ["a\nslots: {}', 'mine.yaml:3: Missing closing "quote.'],
    ['a key twice', 'name: x\nname: y', 'mine.yaml:2: Map keys must be unique.'],
    [
      'a bad indent',
      'name: x\n patterns:\n- y',
      'mine.yaml:1: Nested mappings are not allowed in compact mappings.',
    ],
    ['two documents', 'name: x\n---\nname: y', 'mine.yaml:2: Source contains multiple documents.'],
    [
      'an unknown alias',
      'name: *x',
      'mine.yaml: Unresolved alias (the anchor must be set before the alias): x.',
    ],
    [
      'aliases without end',
      [
        'a: &a [x,x,x,x,x,x,x,x,x]',
        ...[...'bcdefgh'].map(
          (name, at) =>
            `${name}: &${name} [${Array(9)
              .fill(`*${'abcdefg'[at] ?? ''}`)
              .join()}]`,
        ),
      ].join('\n'),
      'mine.yaml: Excessive alias count indicates a resource exhaustion attack.',
    ],
  ])('is refused for %s', async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(new InputError(message));
  });

  it.each<[string, string, string, string]>([
    ['no filler', 'a.txt', '\n \n', 'mine.yaml:4: slots.A: "a.txt" has no filler: one a line is needed.'],
    ['a filler twice', 'a.txt', 'x\ny\nx', 'mine.yaml:4: slots.A: the filler "x" stands there twice.'],
    ['what is no list', 'a.json', '{"x": 1}', 'a.json: a list is needed.'],
    [
      'a filler that is none',
      'a.yaml',
      '- x\n- [y]',
      'a.yaml:2: 1: a text is needed, or { text, weight, and attributes of any name }.',
    ],
    ['JSON that is none', 'a.json', '["x",\n"y"', 'a.json:2: Flow sequence must end with a ].'],
  ])('is refused for a file of fillers with %s', async (_, name, text, message) => {
    const content = `name: x\npatterns: ["{A}"]\nslots:\n  A: { from: ${name} }`;
    await expect(read(content, { [name]: text })).rejects.toThrow(new InputError(message));
  });

  it.each<[string, readonly string[], string]>([
    [
      'that nothing satisfies',
      ['A != A', 'A != B'],
      'mine.yaml:2: Nothing satisfies the constraints on A, B: A != A, A != B.',
    ],
    [
      'that some slots cannot satisfy together',
      ['N > 2', 'N < 1'],
      'mine.yaml:2: Nothing satisfies the constraints on N: N > 2, N < 1.',
    ],
    [
      'that tie millions of combinations together',
      ['N < M', 'M < L'],
      'mine.yaml:2: The constraints tie N, M, L together, which have 8000000 combinations: 4194304 at most can be listed. Give fewer fillers, or constraints between fewer slots.',
    ],
  ])('is refused for constraints %s', async (_, constraints, message) => {
    const template = await read(
      JSON.stringify({
        name: 'tied',
        patterns: ['{A} {B} {N} {M} {L}'],
        slots: { A: ['a'], B: ['b'], N: { range: [1, 200] }, M: { 'same-as': 'N' }, L: { range: [1, 200] } },
        constraints,
      }).replace('"constraints"', '\n"constraints"'),
    );
    expect(() => templateTask(template, languageOf(wordTokenizer()), [])).toThrow(new InputError(message));
  });

  it('but not for what those lines were changed from', async () => {
    await expect(read(withLines({}))).resolves.toMatchObject({ name: 'mine' });
  });
});
