/**
 * What a person may get wrong in words: one line that names what is wrong and what is accepted, exit code 2.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledCommand, type Command, refusal } from './command.js';

let command: Command;
beforeAll(async () => {
  command = await bundledCommand();
  writeFileSync(join(command.folder, 'a-file'), 'kept');
});
afterAll(() => {
  // Whatever was refused wrote nothing.
  expect(readdirSync(command.folder)).toEqual(['a-file']);
  expect(readFileSync(join(command.folder, 'a-file'), 'utf8')).toBe('kept');
  command.dispose();
});

const sum = ['--input', '615+861=1476'];
const query = [...sum, '--site', 'a0.0', '--position', '='];

type Case = readonly [string, readonly string[], RegExp];

const words: readonly Case[] = [
  ['an unknown command', ['reed'], /^Unknown command 'reed'\. Did you mean read\?$/],
  ['an unknown option', ['read', '--sed', '2'], /^Unknown option '--sed'\. Did you mean --seed\?$/],
  [
    'an option without its value',
    ['export', '--input'],
    /^Option '-i, --input <text\.\.\.>' argument missing\.$/,
  ],
  [
    'words too many',
    ['read', 'x', 'y'],
    /^Too many arguments for 'read'\. Expected 0 arguments but got 2\.$/,
  ],
  ['a missing option', ['export'], /^Required option '-i, --input <text\.\.\.>' not specified\.$/],
  ['no input', ['activations'], /^Give an input with --input or --ids\.$/],
  [
    'an unknown task',
    ['read', ...query, '--task', 'additon'],
    /^Unknown task "additon"\. Did you mean "addition"\? Tasks: addition, counting, .*, or a \.yaml or \.json file of your own\.$/,
  ],
  [
    'an unknown task of a list',
    ['sites', 'countin'],
    /^Unknown task "countin"\. Did you mean "counting"\? Tasks: /,
  ],
  [
    'an unknown metric',
    ['read', ...query, '--metric', 'cosin'],
    /Did you mean "cosine"\? Accepted: euclidean, cosine\.$/,
  ],
  ['an unknown device', ['read', ...query, '--device', 'gpu'], /Accepted: cpu, webgpu\.$/],
  [
    'a condition on a decoder',
    ['evaluate', '--only', 'A1=1'],
    /^--only and --features are for a model’s accuracy: give --what model with them\.$/,
  ],
  [
    'a condition that no input meets',
    ['evaluate', '--what', 'model', '--only', 'F1=0'],
    /^No input of addition's test split meets F1=0\.$/,
  ],
  [
    'a condition on an unknown feature',
    ['evaluate', '--what', 'model', '--only', 'F2+S3=9'],
    /^Unknown feature "F2\+S3"\. Did you mean "F/,
  ],
  ['an unknown kind', ['evaluate', '--what', 'all'], /Accepted: decoder, model\.$/],
  ['an unknown format', ['export', ...sum, '--out', 'x', '--format', 'csv'], /Accepted: streamlit\.$/],
  [
    'an unknown preset',
    ['train-model', 'addition', '--preset', 'papr'],
    /Did you mean "paper"\? Accepted: paper, fast\.$/,
  ],
  ['an unknown form', ['train-decoder', 'addition', '--form', 'ful'], /Accepted: completion, plain\.$/],
];

const numbers: readonly Case[] = [
  [
    'no candidates',
    ['read', ...query, '-n', '0'],
    /'0' is invalid\. Give a whole number from 1 to 100000\.$/,
  ],
  ['too many candidates', ['read', ...query, '-n', '100001'], /from 1 to 100000\.$/],
  ['candidates with an exponent', ['read', ...query, '-n', '1e3'], /'1e3' is invalid/],
  ['a negative ε', ['read', ...query, '--epsilon', '-0.1'], /'-0\.1' is invalid\. Give a number from 0 to /],
  ['an ε that is no number', ['read', ...query, '--epsilon', 'NaN'], /'NaN' is invalid/],
  ['an infinite ε', ['read', ...query, '--epsilon', '1e999'], /'1e999' is invalid/],
  ['an empty ε', ['read', ...query, '--epsilon', ''], /'' is invalid/],
  ['a temperature of 0', ['read', ...query, '--temperature', '0'], /Give a number from 0\.001 to 1000\.$/],
  [
    'a temperature of several that is none',
    ['read', ...query, '--temperature', '0.5,,2'],
    /Give numbers from 0\.001 to 1000 with commas between them\.$/,
  ],
  [
    'a temperature twice',
    ['read', ...query, '--temperature', '1,1'],
    /^The temperatures 1, 1 have one twice: give each once\.$/,
  ],
  [
    'more temperatures than candidates',
    ['read', ...query, '--temperature', '1,2,3', '-n', '2'],
    /^2 candidates are too few for 3 temperatures: /,
  ],
  [
    'an own input that is not made of tokens',
    ['read', ...query, '--candidate', 'abc'],
    /^The character "a" .* use 0-9 \+ =\.$/,
  ],
  ['an empty own input', ['read', ...query, '--candidate', ''], /^The input is empty: /],
  [
    'a second place that the input has not',
    ['read', ...query, '--also-at', 'A9'],
    /^Unknown position "A9"\..* Places of "615\+861=1476": /,
  ],
  ['a huge noise', ['read', ...query, '--noise', '1e300'], /Give a number from 0 to 1000\.$/],
  ['a huge seed', ['read', ...query, '--seed', '9007199254740993'], /from 0 to 9007199254740991\.$/],
  ['a negative seed', ['read', ...query, '--seed', '-1'], /'-1' is invalid/],
  ['no threads', ['read', ...query, '--threads', '0'], /Give a whole number from 1 to 256\.$/],
  ['no steps', ['train-model', 'addition', '--steps', '0'], /Give a whole number from 1 to /],
  [
    'no learning rate',
    ['train-model', 'addition', '--learning-rate', '0'],
    /Give a number from 1e-9 to 10\.$/,
  ],
  ['no queries', ['evaluate', '--queries', '0'], /Give a whole number from 1 to /],
];

const inputs: readonly Case[] = [
  [
    'a character that is no token',
    ['read', '--input', '615+861=14x6'],
    /^The character "x" in "615\+861=14x6" is not accepted: use 0-9 \+ =\.$/,
  ],
  ['a special token', ['read', '--input', 'B615+861=1476E'], /^The character "B" .* use 0-9 \+ =\.$/],
  ['a line break', ['read', '--input', '615+\n861'], /^The character "\\n" in "615\+\\n861" is not accepted/],
  [
    'a character of the other task',
    ['read', '--task', 'counting', '--input', 'abbc|b:0'],
    /use a-z 1-9 \| :\.$/,
  ],
  [
    'too long a sum',
    ['read', '--input', '615+861=147612345'],
    /has 17 tokens: addition takes 12 at most, as in 615\+861=1476\.$/,
  ],
  [
    'too long a string',
    ['read', '--task', 'counting', '--input', `${'ab'.repeat(50)}|b:2`],
    /has 104 tokens: counting takes 31 at most\.$/,
  ],
  ['nothing', ['read', '--input', ''], /^The input is empty: give a sum such as 615\+861=1476\.$/],
  [
    'an input of no task',
    ['sites', ...sum],
    /^Which task is the input of\? Give one of addition, counting, or --model\.$/,
  ],
  [
    'no site',
    ['read', ...sum, '--position', '='],
    /^Which site\? Give --site with one of x0\.pre, a0\.0, .*, x1\.post\.$/,
  ],
  [
    'no position',
    ['read', ...sum, '--site', 'a0.0'],
    /^Which position\? Give --position with BOS, F1, .* or an index from 0 to 13\.$/,
  ],
  [
    'a position after the end',
    ['read', ...sum, '--site', 'a0.0', '--position', '14'],
    /^Position 14 is out of range\. Places of "615\+861=1476": BOS, F1, .*, E, or an index from 0 to 13 \(-14 to -1 from the end\)\.$/,
  ],
  [
    'a position before the start',
    ['read', ...sum, '--site', 'a0.0', '--position', '-15'],
    /^Position -15 is out of range\./,
  ],
  [
    'a huge position',
    ['read', ...sum, '--site', 'a0.0', '--position', '99999999999999999999'],
    /is out of range/,
  ],
  [
    'an unknown place',
    ['read', ...sum, '--site', 'a0.0', '--position', 'A9'],
    /^Unknown position "A9"\. Did you mean "A1"\? Places/,
  ],
  [
    'a place that this input lacks',
    ['read', '--input', '101+539=640', '--site', 'a0.0', '--position', 'A4'],
    /^Unknown position "A4"\./,
  ],
  [
    'an unknown hook',
    ['activations', ...sum, '--sites', 'hook_patern'],
    /^Unknown site "hook_patern"\. Did you mean "hook_pattern"\? Sites: .*, or a hook name/,
  ],
  [
    'an unknown layer',
    ['activations', ...sum, '--sites', 'blocks.7.hook_resid_post'],
    /^Unknown site "blocks\.7\.hook_resid_post"\. Did you mean "blocks\.[01]\.hook_resid_post"\?/,
  ],
  ['an empty site', ['activations', ...sum, '--sites', 'x0.post,'], /^Unknown site ""\. Sites: /],
  [
    'an input that the viewer cannot show',
    ['export', '--input', '1+1=2', '--out', 'x'],
    /^The viewer needs an input with \+, =, A1, A2, A3 in this order, not /,
  ],
];

const places: readonly Case[] = [
  [
    'a page in no folder',
    ['read', ...query, '--html', 'none/x.html'],
    /^none\/x\.html cannot be written: no such file or directory\.$/,
  ],
  [
    'a page under a file',
    ['read', ...query, '--html', 'a-file/x.html'],
    /^a-file\/x\.html cannot be written: a part of its path is not a directory\.$/,
  ],
  [
    'a page in a folder’s place',
    ['read', ...query, '--html', '.'],
    /^\. cannot be written: it is a directory\.$/,
  ],
  [
    'a page in a file system that takes none',
    ['read', ...query, '--html', '/proc/x.html'],
    /^\/proc\/x\.html /,
  ],
  [
    'an export where something is',
    ['export', ...sum, '--out', '.'],
    /^\. exists already, and is neither an earlier export nor the repository .* choose another directory/,
  ],
  [
    'an export under a file',
    ['export', ...sum, '--out', 'a-file/x/y'],
    /a part of its path is not a directory\.$/,
  ],
  [
    'a training where something is',
    ['train-model', 'addition', '--out', '.'],
    /^\. exists already: choose another directory with --out\.$/,
  ],
  [
    'a training in a file’s place',
    ['train-model', 'addition', '--out', 'a-file'],
    /^a-file is not a directory\.$/,
  ],
  [
    'a training under a file',
    ['train-decoder', 'addition', '--out', 'a-file/x'],
    /a part of its path is not a directory\.$/,
  ],
  [
    'a training in a file system that takes none',
    ['train-model', 'addition', '--out', '/proc/x/y'],
    /^\/proc\/x\/y cannot be made: no such file or directory\.$/,
  ],
  [
    'no task to train for',
    ['train-model'],
    /^Which task\? One of addition, counting, docstrings, .*ioi.*, or a file of your own\.$/,
  ],
  [
    'nothing to go on with',
    ['train-model', '--resume', 'none'],
    /^none holds no checkpoint\.safetensors: there is no training to go on with\.$/,
  ],
  [
    'a file to go on with',
    ['train-decoder', '--resume', 'a-file'],
    /^a-file holds no checkpoint\.safetensors/,
  ],
  [
    'a changed recipe',
    ['train-model', '--resume', '.', '--steps', '9'],
    /^Option '--resume <dir>' cannot be used with option '--steps <n>'\.$/,
  ],
  [
    'a new place and an old one',
    ['train-model', '--resume', '.', '--out', 'x'],
    /cannot be used with option '-o, --out <dir>'\.$/,
  ],
];

describe.each([
  ['names and options', words],
  ['numbers', numbers],
  ['inputs, sites and positions', inputs],
  ['places for files', places],
])('%s', (_, cases) => {
  it.each(cases)('refuses %s', async (__, args, message) => {
    // Data that was asked for and an error never come together.
    const json = args[0] === 'read' || args[0] === 'activations' ? ['--json'] : [];
    expect(refusal(await command.ask([...args, ...json]))).toMatch(message);
  });
});

it('says that there is no WebGPU adapter where there is none', async () => {
  const env = {
    VK_ICD_FILENAMES: join(command.folder, 'none.json'),
    VK_DRIVER_FILES: join(command.folder, 'none.json'),
  };
  const { code, stdout, stderr } = await command.run(['activations', ...sum, '--device', 'webgpu'], { env });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/inversionview: There is no WebGPU adapter here: .*; or use --device cpu\.\n$/);
});
