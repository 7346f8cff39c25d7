/**
 * Where output goes: into devices and through links without harm, and nothing of what was worked out is lost where it
 * cannot go.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, lstatSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledCommand, type Command, type Finished, refusal } from './command.js';

let command: Command;
beforeAll(async () => {
  command = await bundledCommand();
});
afterAll(() => command.dispose());

const at = (name: string): string => join(command.folder, name);
const query = ['--input', '615+861=1476'];
const place = [...query, '--site', 'a0.0', '--position', '='];
const quick = ['--candidates', '16', '--no-readout'];
const read = (html: string): string[] => ['read', ...place, ...quick, '--html', html];

/** A device that takes nothing, as a full disk does; null where none can be made. Never one of the machine's own. */
let full: string | null;
beforeAll(() => {
  const path = at('full');
  full = spawnSync('mknod', [path, 'c', '1', '7']).status === 0 && isOpenable(path) ? path : null;
});
const needed = 'needs a root that can make devices';

function isOpenable(path: string): boolean {
  try {
    closeSync(openSync(path, 'w'));
    return true;
  } catch {
    return false; // a file system without devices
  }
}

describe('an output', () => {
  it('into standard output comes whole, before what is printed', async () => {
    for (const shell of ['"$@" | cat', '"$@" > out; cat out']) {
      const { code, stdout } = await command.run(read('/dev/stdout'), { shell });
      expect(code).toBe(0);
      expect(stdout).toMatch(/^<!doctype html>[^]*<\/html>\n[^]*Written: \/dev\/stdout\n$/);
    }
  });

  it('into a process of the shell, through a link and into a pipe', async () => {
    const piped = await command.run([], { shell: `"$@" ${read('>(wc -c >&2)').join(' ')}; wait; sleep 1` });
    expect(Number(piped.stderr)).toBeGreaterThan(10_000);
    symlinkSync('target.html', at('link.html'));
    expect((await command.run(read('link.html'))).code).toBe(0);
    expect(lstatSync(at('link.html')).isSymbolicLink()).toBe(true);
    expect(readFileSync(at('target.html'), 'utf8')).toMatch(/^<!doctype html>/);
    execFileSync('mkfifo', [at('pipe')]);
    const through = await command.run(read('pipe'), { shell: 'cat pipe > from-pipe & "$@"; wait' });
    expect(through.code).toBe(0);
    expect(lstatSync(at('pipe')).isFIFO()).toBe(true);
    expect(readFileSync(at('from-pipe'), 'utf8')).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
  });

  it('that fails in the end costs nothing of what is printed', async (context) => {
    if (full === null) return context.skip(needed);
    const outputs = [read(full), ['attribute', ...query, '--json', '--svg', full]];
    for (const args of outputs) {
      const { code, stdout, stderr } = await command.run(args);
      expect(code).toBe(2);
      expect(stderr).toBe(`inversionview: ${full} was not written to its end: the disk is full.\n`);
      expect(stdout.length).toBeGreaterThan(200);
      expect(stdout).not.toContain('Written');
      expect(lstatSync(full).isCharacterDevice()).toBe(true);
    }
  });
});

describe('a figure', () => {
  const drawing = [
    ['patch', '--experiment', 'A1-from-F1S1', '--inputs', '500000'],
    ['attribute', '--inputs', '500000'],
    ['bits', '--queries', '50000'],
    ['bits', ...place],
    ['profile', '--positions', '=', '--inputs', '100000'],
    ['completeness', ...place, '--outside', '810000', '--no-cache'],
  ];
  it.each(drawing)('of %s that has no place is refused before any work', async (...args) => {
    // Which files a figure has is tested with figures; here, that each command asks first.
    expect(refusal(await command.run([...args, '--png', 'none/x.png']))).toBe(
      'none/x.png cannot be written: no such file or directory.',
    );
  });

  it('of sets is refused before any work', async () => {
    const question = {
      ...{ inputs: ['615+861=1476'], contrasts: ['215+861=1076'] },
      ...{ sites: ['a0.0'], positions: ['='], sets: [['a0.0@=']] },
    };
    writeFileSync(at('sets.json'), JSON.stringify(question));
    expect(refusal(await command.run(['patch', '--file', 'sets.json', '--svg', 'x.svg']))).toMatch(
      /^A figure is drawn of both orders or of a sweep: /,
    );
  });
});

describe('standard output', () => {
  const commands = [
    ['sites'],
    ['sites', '--json'],
    ['--help'],
    ['--version'],
    ['read', '--help'],
    ['help', 'bits'],
    ['read', ...place, ...quick],
    ['activations', ...query, '--json'],
  ];
  const fault = (reason: string): string => `the output cannot be written: ${reason}.`;
  const reported = ({ stderr, ...rest }: Finished): string => refusal({ ...rest, stderr, stdout: '' });

  it('on a full disk is told of in one line', async (context) => {
    if (full === null) return context.skip(needed);
    for (const args of commands)
      expect(reported(await command.run(args, { shell: `"$@" > ${full}` }))).toBe(fault('the disk is full'));
  });

  it('on a disk that has room for a part is told of as well', async () => {
    // A limit on the size of files stands in for it; the help has more than a kilobyte.
    for (const args of [
      ['read', '--help'],
      ['activations', ...query, '--json'],
    ]) {
      const ended = await command.run(args, { shell: 'ulimit -f 1; "$@" > part' });
      expect(reported(ended)).toBe(fault('the file would be larger than the system allows'));
      expect(readFileSync(at('part')).length).toBe(1024);
    }
  });

  it('whose reader has had enough is no fault', async () => {
    const args = ['activations', ...query, '--json'];
    const ended = await command.run(args, { shell: 'set -o pipefail; "$@" | head -c 1' });
    expect(ended).toMatchObject({ code: 0, stdout: '{', stderr: '' });
  });

  it('comes though nothing can be said on stderr', async (context) => {
    if (full === null) return context.skip(needed);
    const warned = await command.run(['activations', '--input', '1+1=2', '--json'], {
      shell: `"$@" 2> ${full}`,
    });
    expect(warned).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\{.*\}\n$/) });
    const nonsense = await command.run(['nonsense'], { shell: `"$@" 2> ${full}` });
    expect(nonsense).toMatchObject({ code: 2, stdout: '' });
  });

  it('has room for the whole of a large output in a file', async () => {
    const args = ['read', ...place, ...quick, '--json'];
    const [piped, filed] = [await command.run(args), await command.run(args, { shell: '"$@" > whole' })];
    expect(filed.code).toBe(0);
    expect(readFileSync(at('whole'), 'utf8')).toBe(piped.stdout);
  });
});
