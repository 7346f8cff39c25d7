/** What `inversionview read` does with each of its settings, and where it prints: into pipes, pages and full disks. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readingSchema } from '../../src/inversion/reading.js';
import { columns } from '../../src/report/columns.js';
import { bundledCommand, type Command } from './command.js';
import { jsonOf, query, quick } from './reading-query.js';

let command: Command;
beforeAll(async () => {
  command = await bundledCommand();
});
afterAll(() => command.dispose());

const short = [...query, '-n', '64', ...quick];
const escapeSequence = /\u001b\[[0-9;]*m/g;

const json = (...args: readonly string[]): Promise<string> => jsonOf(command, args);

describe('read --json', () => {
  it('shows that the answer is known where it is, though the digits before it settle it', async () => {
    const at = ['--position', 'A3', '-n', '256', ...quick];
    const sum = ['read', '--input', '535+861=1396', '--site', 'x1.post'];
    const { samples } = readingSchema.parse(JSON.parse(await json(...sum, ...at)));
    const thousands = samples.filter(
      ({ tokens, inside }) => inside && tokens[9] === '1' && tokens.length === 14,
    );
    expect(thousands.length).toBeGreaterThan(20);
    for (const { tokenDelta, follows, tokens } of thousands) {
      // A sum has a fourth digit in six of ten inputs, and here in nearly all.
      expect(tokenDelta[9]).toBeGreaterThan(0.25);
      expect(follows).toEqual([9, 10, 11, 12]);
      tokens.forEach((token, place) => expect(tokenDelta[place] === null).toBe('B+=E'.includes(token)));
    }
  });

  it('takes a threshold, a metric, and one round of its own', async () => {
    const options = [
      '--metric',
      'cosine',
      '--epsilon',
      '0.02',
      '--temperature',
      '0.7',
      '-n',
      '96',
      '--shown',
      '5',
    ];
    const reading = readingSchema.parse(JSON.parse(await json(...short, ...options)));
    expect(reading).toMatchObject({ metric: 'cosine', epsilon: 0.02, candidates: 96 });
    expect(reading.samples.length).toBeLessThanOrEqual(5);
    for (const { round, distance, inside } of reading.samples) {
      expect(round).toBe(0);
      expect(inside).toBe(distance <= 0.02);
    }
  });

  it('judges own inputs beside the samples, at a second place too, and draws at several temperatures', async () => {
    const options = ['--candidate', '861+615=1476', '--candidate', '615+861=1477', '--also-at', '='];
    const temperatures = ['--temperature', '0.5,1', '--shown', '20'];
    const reading = readingSchema.parse(JSON.parse(await json(...short, ...options, ...temperatures)));
    expect(reading.own).toMatchObject([
      { text: '861+615=1476', valid: true, inside: true, matchedPosition: 8, alsoAt: { position: 8 } },
      { text: '615+861=1477', valid: false },
    ]);
    expect(reading.alsoAt).toMatchObject({ place: '=', absent: 0 });
    expect(reading.candidates).toBe(64);
    for (const { temperature, round } of reading.samples) expect(temperature).toBe([0.5, 1][round]);
    const { stdout } = await command.run([...short, ...options, ...temperatures]);
    expect(stdout).toMatch(/At "=" itself \d+ of 64 /);
    expect(stdout).toMatch(/Your own, counted in no figure:\n +0\.0\d\d +0\.0\d\d /);
    expect(stdout).toMatch(/T 0\.5/);
  });

  it('reads counting at its own places', async () => {
    const counting = ['read', '--task', 'counting', '--input', 'vvzccvczvvvzvcvc|v:8', '-n', '32', ...quick];
    const [head, stream] = await Promise.all([
      json(...counting, '--site', 'a1.0', '--position', ':'),
      json(...counting, '--site', 'x1.post', '--position', 'query'),
    ]);
    expect(readingSchema.parse(JSON.parse(head)).query.position).toBe(19);
    expect(readingSchema.parse(JSON.parse(head)).attention).toHaveLength(22);
    expect(readingSchema.parse(JSON.parse(stream))).toMatchObject({
      query: { position: 18 },
      attention: null,
    });
  });

  it('draws an input where none is given, by the seed', async () => {
    const drawn = async (seed: string): Promise<string> => {
      const few = ['-n', '8', ...quick];
      const text = await json('read', '--site', 'x0.pre', '--position', '+', ...few, '--seed', seed);
      return readingSchema.parse(JSON.parse(text)).query.input;
    };
    const [three, again, four] = await Promise.all([drawn('3'), drawn('3'), drawn('4')]);
    expect(three).toMatch(/^\d{3}\+\d{3}=\d{3,4}$/);
    expect(again).toBe(three);
    expect(four).not.toBe(three);
  });

  it('warns of an input that is none of the task’s, and reads it', async () => {
    const odd = [
      'read',
      '--input',
      '615+861=1477',
      '--site',
      'a0.0',
      '--position',
      '=',
      '-n',
      '64',
      ...quick,
    ];
    const warning = "The input is not one of the task's: does not hold: 615+861 is 1476, not 1477.";
    const { code, stdout, stderr } = await command.ask([...odd, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `Warning: ${warning}\n` });
    expect(readingSchema.parse(JSON.parse(stdout)).warnings).toEqual([warning]);
    const printed = await command.ask([
      'read',
      '--input',
      '6+8',
      '--site',
      'a0.0',
      '--position',
      '-1',
      '-n',
      '64',
    ]);
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    expect(printed.stdout).toMatch(/^Warning: The input is not one of the task's: not of the form a\+b=c/);
  });
});

describe('read', () => {
  const printed = async (env: Readonly<Record<string, string>>): Promise<string> => {
    const { code, stdout, stderr } = await command.run(short, { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };

  it('prints without colour into a pipe, no wider than it is told', async () => {
    const texts = await Promise.all(['60', '80', '200'].map((COLUMNS) => printed({ COLUMNS })));
    texts.forEach((text, at) => {
      expect(text).not.toContain('\u001b');
      const widest = Math.max(...text.split('\n').map(columns));
      expect(widest).toBeLessThanOrEqual([60, 80, 120][at] ?? 0);
      expect(text).toMatch(/^a0\.0 at "="/);
      expect(text.replaceAll(/\s+/g, ' ')).toMatch(
        /\d+ of 64 candidates \([\d.]+%\) inside ε = 0\.1, normalized Euclidean distance; \d+ distinct, \d+ not among/,
      );
      expect(text).toMatch(/── ε = 0\.1 ─+/);
      expect(text).toMatch(/B 6 1 5 \+ 8 6 1\[=\]1 4 7 6 E/);
    });
  });

  it('is coloured where asked for, unless colour is refused', async () => {
    const [colored, refused, plain] = await Promise.all([
      printed({ FORCE_COLOR: '1' }),
      printed({ FORCE_COLOR: '1', NO_COLOR: '1' }),
      printed({}),
    ]);
    expect(colored).toMatch(/\u001b\[38;5;\d+;48;5;\d+m/);
    expect(refused).toBe(plain);
    const bare = colored.replace(escapeSequence, '');
    expect(bare.split('\n')[0]).toBe(plain.split('\n')[0]);
  });

  it('prints as many samples as it is told', async () => {
    const { stdout } = await command.ask([...short, '--limit', '3']);
    expect(stdout.match(/^ ?\d+\.\d{3} /gm)).toHaveLength(3);
  });

  it('takes it well when its reader goes', async () => {
    const shell = '"$@" | head -n 1; exit ${PIPESTATUS[0]}';
    const results = await Promise.all([
      command.run(short, { shell }),
      command.run([...short, '--json'], { shell: '"$@" | head -c 10; exit ${PIPESTATUS[0]}' }),
    ]);
    for (const { code, stderr } of results) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(results[0].stdout).toMatch(/^a0\.0 at "="[^\n]*\n$/);
  });
});

describe('read --html', () => {
  it('says where it wrote, and writes over an earlier page', async () => {
    const first = await command.ask([...short, '--html', 'again.html']);
    const before = readFileSync(join(command.folder, 'again.html'), 'utf8');
    const { stdout } = await command.ask([...short, '--seed', '2', '--html', 'again.html']);
    for (const text of [first.stdout, stdout]) expect(text.endsWith('\nWritten: again.html\n')).toBe(true);
    expect(readFileSync(join(command.folder, 'again.html'), 'utf8')).not.toBe(before);
  });

  it('leaves nothing where the disk is full', async () => {
    // A limit on the size of files stands in for a full disk.
    const shell = 'ulimit -f 8; exec "$@"';
    const { code, stdout, stderr } = await command.run([...short, '--json', '--html', 'full.html'], {
      shell,
    });
    expect(code).toBe(2);
    // The page is lost, and not what was computed.
    expect(JSON.parse(stdout)).toHaveProperty('samples');
    expect(stderr).toMatch(
      /^inversionview: full\.html was not written, .*: the file would be larger than the system allows\.\n$/,
    );
    expect(existsSync(join(command.folder, 'full.html'))).toBe(false);
    expect(readdirSync(command.folder).filter((file) => file.startsWith('full'))).toEqual([]);
  });
});
