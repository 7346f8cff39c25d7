/** Commands on a template file and a model of words, with no decoder. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { familyCheckpoint, writeWordedModel } from '../fixtures/worded-model.js';
import { type Command, type Finished, bundledCommand, refusal } from './command.js';

const template = `name: names
patterns:
  - "When {A} and {B} went, {S} gave"
  - "When {A} and {B} went to {S}, {S} gave a {thing}"
slots:
  A: { from: names.txt }
  B: { same-as: A }
  S: { one-of: [A, B] }
  O: { other-of: [A, B], than: S }
  thing: [drink, it]
constraints: ["A != B"]
contrast: { redraw: [A, B] }
places: { S1: first S, S2: last S, END: last }
`;
const input = 'When Mary and John went to John, John gave a drink';

let command: Command;
let words = '';
beforeAll(async () => {
  command = await bundledCommand();
  words = join(command.folder, 'words');
  writeWordedModel(words);
  writeFileSync(join(command.folder, 'names.txt'), '\uFEFFMary\r\nJohn\r\n');
  writeFileSync(join(command.folder, 'mine.yaml'), template);
  writeFileSync(join(command.folder, 'wrong.yaml'), template.replace('{S} gave"', '{T} gave"'));
  writeFileSync(join(command.folder, 'untied.yaml'), template.replace('"A != B"', '"A = thing"'));
});
afterAll(() => command.dispose());

const ask = (name: string, ...args: readonly string[]): Promise<Finished> =>
  command.ask([name, '--task', 'mine.yaml', '--model', words, ...args]);
const json = async <T>(name: string, ...args: readonly string[]): Promise<T> => {
  const { code, stdout, stderr } = await ask(name, ...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as T;
};
const query = ['--input', input, '--site', 'a1.2', '--position', 'END'];

describe('read --search', () => {
  interface Reading {
    readonly task: string;
    readonly decoder: string;
    readonly candidates: number;
    readonly distinct: number;
    readonly invalid: number;
    readonly samples: readonly { readonly text: string; readonly tokenDelta: readonly (number | null)[] }[];
    readonly readout?: { readonly searched?: boolean };
  }

  it('reads a template without a decoder', async () => {
    const reading = await json<Reading>('read', '--search', ...query, '--candidates', '9', '--epsilon', '10');
    expect(reading).toMatchObject({ task: 'names', candidates: 9, distinct: 9, invalid: 0 });
    expect(reading.decoder).toBe('none: the model searched by itself');
    expect(reading.readout?.searched).toBe(true);
    expect(reading.samples.map(({ text }) => text)).toContain(input);
    for (const { tokenDelta } of reading.samples)
      expect(tokenDelta.every((delta) => delta === null)).toBe(true);
    // All there are: 4 of the first pattern, 8 of the second.
    expect(await json('read', '--search', '--no-readout', ...query)).toMatchObject({
      candidates: 12,
      distinct: 12,
    });
  });

  it('says in a terminal that it searched', async () => {
    const { code, stdout } = await ask('read', '--search', ...query);
    expect(code).toBe(0);
    expect(stdout).toContain('1 of 12 candidates (8.3%) inside ε = 0.1');
    expect(stdout).toContain('Inputs were searched for');
  });

  it('is not for a decoder too', async () => {
    expect(refusal(await ask('read', '--search', '--decoder', words, ...query))).toBe(
      'Give --search or --decoder: a search asks no decoder.',
    );
  });
});

describe('preimage of a template', () => {
  interface Record {
    readonly size: number;
    readonly total: number;
    readonly exactness: string;
    readonly at?: string;
    readonly conditional?: { readonly varying: readonly string[]; readonly held: readonly string[] };
    readonly curve?: { readonly points: readonly { readonly size: number }[] };
    readonly samples: readonly { readonly text: string }[];
  }
  const preimage = (...args: readonly string[]): Promise<Record> =>
    json<Record>('preimage', ...query, '--no-cache', ...args);

  it('runs what agrees with the input in the slots that are held', async () => {
    const usual = await preimage('--epsilon', '100');
    expect(usual).toMatchObject({
      size: 4,
      total: 4,
      conditional: { varying: ['A', 'B', 'S'], held: ['pattern', 'thing'] },
    });
    expect(usual.exactness).toBe(
      'Exact: each of the 4 inputs was run that differ in A, B, S and agree in pattern, thing.',
    );
    expect(usual.samples.every(({ text }) => text.endsWith('gave a drink'))).toBe(true);
    expect(usual.curve?.points.map(({ size }) => size)).toEqual(
      usual.curve?.points.map(({ size }) => size).sort((a, b) => a - b),
    );
    const own = await preimage('--vary', 'thing, S', '--epsilon', '100');
    expect(own).toMatchObject({
      total: 4,
      conditional: { varying: ['thing', 'S'], held: ['pattern', 'A', 'B'] },
    });
  });

  it('compares at the place of the query alone where it is asked to', async () => {
    const [nearest, placed] = [
      await preimage('--epsilon', '0.5', '--vary', 'A,B,S,thing'),
      await preimage('--epsilon', '0.5', '--vary', 'A,B,S,thing', '--at-place'),
    ];
    expect([nearest.at, placed.at]).toEqual([undefined, 'END']);
    expect([nearest.total, placed.total]).toEqual([8, 8]);
    expect(placed.size).toBeLessThanOrEqual(nearest.size);
    expect(placed.size).toBeGreaterThan(0);
  });

  it.each<[string, readonly string[], RegExp]>([
    [
      'a slot that is none',
      ['--vary', 'things'],
      /^Nothing in this text is named "things"\. Did you mean "thing"\? What can vary: pattern, A, B, S, thing\.$/,
    ],
    [
      'a place without a name',
      ['--at-place', '--position', '1'],
      /^Position 1 has no name by which other inputs have it: leave out --at-place\.$/,
    ],
    [
      'inputs that are no text of the task',
      ['--input', 'When Mary and Mary went, Mary gave'],
      /^When Mary and Mary went, Mary gave is no text of names: none can be varied\.$/,
    ],
    [
      'slots that do not vary',
      ['--vary', 'A'],
      /^Nothing varies in A of When Mary and John went to John, John gave a drink\.$/,
    ],
  ])('is refused for %s', async (_, args, message) => {
    expect(refusal(await ask('preimage', ...query, '--no-cache', ...args))).toMatch(message);
  });

  it('has nothing to vary in tasks that are no templates', async () => {
    const args = ['preimage', '--input', '135+246=381', '--site', 'a0.0', '--position', '=', '--vary', 'A'];
    expect(refusal(await command.ask(args))).toBe(
      '--vary is for template tasks: addition has no parts that vary.',
    );
  });
});

describe('a task by its name', () => {
  it.each<[string, readonly string[], RegExp]>([
    [
      'that is near one that there is',
      ['--task', 'pronoun', '--model', 'words'],
      /^Unknown task "pronoun"\. Did you mean "pronouns"\? Tasks: addition, .*greater-than.*, or a \.yaml or \.json file of your own\.$/,
    ],
    [
      'of a file that is not there',
      ['--task', 'none.yaml', '--model', 'words'],
      /^There is no file "none\.yaml"\.$/,
    ],
    [
      'of a file that is wrong',
      ['--task', 'wrong.yaml', '--model', 'words'],
      /^wrong\.yaml:3: No slot is named "T"\. .*Slots: A, B, S, O, thing\.$/,
    ],
    [
      'of a file whose constraints nothing satisfies',
      ['--task', 'untied.yaml', '--model', 'words'],
      /^untied\.yaml:11: Nothing satisfies the constraints on A, thing: A = thing\.$/,
    ],
    [
      'without a model',
      ['--task', 'mine.yaml'],
      /^No model is shipped for names: give one with --model, such as openai-community\/gpt2 or a \.gguf file\.$/,
    ],
    [
      'with a model without a tokenizer',
      ['--task', 'mine.yaml', '--model', familyCheckpoint('llama')],
      /llama.* has no tokenizer, and names is a task of texts\.$/,
    ],
    [
      'with no token before texts',
      ['--task', 'mine.yaml', '--model', 'words', '--bos', 'none'],
      /^A task of texts needs a token before each, and --bos none gives none\.$/,
    ],
    [
      'with longer texts than the model takes',
      ['--task', 'docstrings', '--model', 'words'],
      /takes 16\.$|is no token|character/,
    ],
  ])('is refused %s', async (_, args, message) => {
    expect(refusal(await command.ask(['read', '--search', ...args, ...query]))).toMatch(message);
  });
});

describe('train-model on a template', () => {
  const train = (...args: readonly string[]): Promise<Finished> =>
    command.ask(['train-model', ...args, '--out', 'trained']);

  it.each([
    [
      'without an answer',
      ['mine.yaml'],
      /^names has no answer that a model could be measured by: give its template one, such as answer: ' \{slot\}'\.$/,
    ],
    ['that is not there', ['none.yaml'], /^There is no file "none\.yaml"\.$/],
    ['that is wrong', ['wrong.yaml'], /^wrong\.yaml:3: No slot is named "T"\./],
    [
      'of an unknown name',
      ['oii'],
      /^Unknown task "oii"\. Did you mean "ioi"\? Tasks: addition, counting, .*ioi/,
    ],
    [
      'by a preset that there is not',
      ['ioi', '--preset', 'paper'],
      /^Unknown preset "paper"\. .*Presets of ioi: fast\.$/,
    ],
    ['that is not named', [], /^Which task\? One of addition, counting, .*ioi.*, or a file of your own\.$/],
  ])('is refused for one %s, and nothing is made', async (_, args, message) => {
    expect(refusal(await train(...args))).toMatch(message);
    expect(existsSync(join(command.folder, 'trained'))).toBe(false);
  });
});

describe('--patch and --controls', () => {
  interface Measured {
    readonly used?: {
      readonly inputs: string;
      readonly maxKl: number;
      readonly answer: readonly { readonly token: string | null }[];
      readonly parts: Readonly<Record<'both' | 'distanceOnly' | 'effectOnly' | 'neither', number>>;
      readonly features: readonly { readonly feature: string; readonly verdict: string }[];
    };
    readonly controls?: unknown;
  }
  const ofPreimage = (...args: readonly string[]): Promise<Measured> =>
    json<Measured>('preimage', ...query, '--no-cache', ...args);

  it('say of an exact preimage what is used, over all inputs', async () => {
    const { used, controls } = await ofPreimage('--patch', '--controls', '--max-kl', '1000', '--at-place');
    // Everything has an effect of 1,000 nats at most; the template has no answer.
    expect(used).toMatchObject({ inputs: 'all', maxKl: 1000, answer: [{ token: null }] });
    const { both = 0, distanceOnly = 1, effectOnly = 0, neither = 1 } = used?.parts ?? {};
    expect([distanceOnly, neither, both + effectOnly]).toEqual([0, 0, 4]);
    expect(used?.features.map(({ feature }) => feature)).toContain('A');
    expect(controls).toMatchObject([
      { activation: 'bos', sizes: [0] },
      { activation: 'random', sizes: Array.from({ length: 8 }, () => 0) },
    ]);
    const plain = await ofPreimage();
    expect([plain.used, plain.controls]).toEqual([undefined, undefined]);
  });

  it('say of a search what is used, in a terminal too', async () => {
    const { used, controls } = await json<Measured>('read', '--search', '--patch', '--controls', ...query);
    expect(used?.inputs).toBe('searched');
    expect(controls).toMatchObject({ searched: true, activations: [{}, {}, {}] });
    const { code, stdout } = await ask('read', '--search', '--patch', '--controls', ...query);
    expect(code).toBe(0);
    expect(stdout).toContain('Held and used: each input’s activation patched into the query’s run');
    expect(stdout).toContain('Controls: activations that hold nothing of the query');
    expect(stdout).toMatch(/^feature +of bits +all +by distance +bits +by effect +bits/m);
  });

  it.each<[string, readonly string[], RegExp]>([
    [
      'a threshold without patching',
      ['read', '--task', 'mine.yaml', '--search', '--max-kl', '0.1', ...query],
      /^--max-kl is a threshold of --patch: give both, or neither\.$/,
    ],
    [
      'a position after the answer',
      ['read', '--input', '535+861=1396', '--site', 'a0.0', '--position', '-1', '--patch'],
      /^Position 13 comes after the answer of 535\+861=1396 has been predicted, at position 12: nothing that is measured sees it\.$/,
    ],
    [
      'a task that is known by classes',
      [
        'preimage',
        '--task',
        'counting',
        '--input',
        'abacab|a:3',
        '--site',
        'a0.0',
        '--position',
        ':',
        '--patch',
      ],
      /^--patch and --controls need all inputs, and those of counting are known by classes alone: use read, which takes both\.$/,
    ],
  ])('are refused for %s', async (_, args, message) => {
    const model = args.includes('mine.yaml') ? ['--model', words] : [];
    expect(refusal(await command.ask([...args, ...model]))).toMatch(message);
  });
});

describe('epsilon', () => {
  const file = (): string => join(command.folder, 'mine.epsilon.json');
  interface Chosen {
    readonly sites: readonly { readonly site: string; readonly place: string; readonly queries: number }[];
  }
  interface Read {
    readonly epsilon: number;
    readonly epsilonFrom: string;
  }

  it('chooses by site and place, keeps it beside the template, and is read at from then on', async () => {
    const before = await json<Read>('preimage', ...query, '--vary', 'A,B,S,thing', '--no-cache');
    expect(before).toMatchObject({ epsilon: 0.1, epsilonFrom: 'task' });
    const { sites } = await json<Chosen>('epsilon', '--sites', 'a1.2,a0.0', '--vary', 'A,B,S', '--no-cache');
    expect(sites.map(({ site, place, queries }) => [site.slice(-13), place, queries])).toEqual(
      ['hook_result.2', 'hook_result.0'].flatMap((site) =>
        ['S1', 'S2', 'END'].map((place) => [site, place, 24]),
      ),
    );
    // Of four texts little can be chosen: what is read at is what the file says.
    const kept = JSON.parse(readFileSync(file(), 'utf8')) as { models: { sites: Record<string, object> }[] };
    Object.assign(kept.models[0]?.sites['a1.2@END'] ?? {}, { epsilon: 0.77, inside: 2, growth: 0 });
    writeFileSync(file(), JSON.stringify(kept));
    const exact = [...query, '--vary', 'A,B,S,thing', '--no-cache'];
    expect(await json('preimage', ...exact)).toMatchObject({ epsilon: 0.77, epsilonFrom: 'curve' });
    expect(await json('preimage', ...exact, '--epsilon', '0.5')).toMatchObject({
      epsilon: 0.5,
      epsilonFrom: 'given',
    });
    expect(await json('read', '--search', ...query)).toMatchObject({ epsilon: 0.77, epsilonFrom: 'curve' });
    expect(await json('read', '--search', '--metric', 'cosine', ...query)).toMatchObject({ epsilon: 0.1 });
    const { stdout } = await ask('read', '--search', ...query);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'ε = 0.77 (chosen for this site and place from its curve)',
    );
  });

  it.each([
    [['--positions', 'S9'], /"S9" is no place of names: ε is chosen at named ones\. Places: S1, S2, END\./],
    [['--sites', 'a9.9'], /a9\.9/],
    [['--fillers', '1'], /whole number from 2/],
    [['--vary', 'Z'], /Z/],
  ])('refuses %j', async (args, message) => {
    expect(refusal(await ask('epsilon', '--no-cache', ...args))).toMatch(message);
  });

  it('is for template tasks', async () => {
    expect(refusal(await command.ask(['epsilon', '--task', 'counting']))).toMatch(
      /counting has one ε for all its sites: epsilon is for template tasks\./,
    );
  });
});
