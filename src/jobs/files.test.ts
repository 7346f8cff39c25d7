import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { openDirectory, openFile, writeDirectoryAtomic, writeFileAtomic } from './files.js';
import { isPartial } from './partials.js';

const root = mkdtempSync(join(tmpdir(), 'inversionview-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let place = '';
let made = 0;
beforeEach(() => {
  place = join(root, String(made++));
  mkdirSync(place);
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const content = (path: string): string => readFileSync(path, 'utf8');

/** Node with TypeScript, running a script that may import `./files.ts`. */
const script = (code: string): string[] => {
  const files = JSON.stringify(new URL('./files.ts', import.meta.url).href);
  return ['--import', 'tsx', '--input-type=module', '-e', `const files = await import(${files});\n${code}`];
};
const project = fileURLToPath(new URL('../..', import.meta.url));

function* failing(): Generator<Uint8Array> {
  yield bytes('half of it');
  throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
}

describe('openFile', () => {
  it('reads ranges', async () => {
    writeFileSync(join(place, 'a'), 'abcdef');
    const source = await openFile(join(place, 'a'));
    expect(source.size).toBe(6);
    expect(await source.read(2, 3)).toEqual(bytes('cde'));
    expect(await source.read(6, 0)).toEqual(new Uint8Array(0));
    await expect(source.read(5, 2)).rejects.toThrow(
      /is truncated or damaged: 2 bytes are needed at 5, and it has 6/,
    );
    await expect(source.read(0, 2 ** 52)).rejects.toThrow(InputError);
    await expect(source.read(-1, 2)).rejects.toThrow(InputError);
    await source.close();
  });

  it('says when a file shrank', async () => {
    writeFileSync(join(place, 'a'), 'abcdef');
    const source = await openFile(join(place, 'a'));
    writeFileSync(join(place, 'a'), 'ab');
    await expect(source.read(0, 6)).rejects.toThrow(/became shorter while it was read/);
    await source.close();
  });

  it('refuses what is missing or no file', async () => {
    await expect(openFile(join(place, 'none'))).rejects.toThrow(
      /none cannot be read: no such file or directory\.$/,
    );
    await expect(openFile(place)).rejects.toThrow(/is not a file/);
    await expect(openFile(join(place, 'none'))).rejects.toThrow(InputError);
    execFileSync('mkfifo', [join(place, 'pipe')]);
    await expect(openFile(join(place, 'pipe'))).rejects.toThrow(/pipe is not a file/);
  });
});

describe('openDirectory', () => {
  it('lists and opens, through links too, and no further', async () => {
    writeFileSync(join(place, 'b'), 'x');
    symlinkSync(join(place, 'b'), join(place, 'a'));
    const directory = await openDirectory(place);
    expect(await directory.list()).toEqual(['a', 'b']);
    const source = await directory.open('a');
    expect(await source.read(0, 1)).toEqual(bytes('x'));
    await source.close();
    await expect(directory.open('c')).rejects.toThrow(InputError);
    await expect(directory.open('../0/a')).rejects.toThrow(/is not accepted as a file name/);
  });

  it('refuses what is missing or no directory', async () => {
    writeFileSync(join(place, 'file'), '');
    await expect(openDirectory(join(place, 'none'))).rejects.toThrow(/none does not exist\.$/);
    await expect(openDirectory(join(place, 'file'))).rejects.toThrow(/is not a directory/);
  });
});

describe('writeFileAtomic', () => {
  it('writes and replaces, whole or in chunks', async () => {
    const path = join(place, 'a');
    await writeFileAtomic(path, bytes('first'));
    expect(content(path)).toBe('first');
    await writeFileAtomic(path, [bytes('sec'), new Uint8Array(0), bytes('ond')]);
    expect(content(path)).toBe('second');
    expect(readdirSync(place)).toEqual(['a']);
  });

  it('leaves the old file and nothing else when the disk is full', async () => {
    const path = join(place, 'a');
    await writeFileAtomic(path, bytes('old'));
    await expect(writeFileAtomic(path, failing())).rejects.toThrow(InputError);
    await expect(writeFileAtomic(path, failing())).rejects.toThrow(
      /a was not written, and what was there before is untouched: the disk is full\.$/,
    );
    expect(content(path)).toBe('old');
    expect(readdirSync(place)).toEqual(['a']);
  });

  it('leaves the old file when the system stops a real write half way', async () => {
    const path = join(place, 'a');
    await writeFileAtomic(path, bytes('old'));
    // A limit on the size of files stands in for a full disk: the write of 8 MB ends with an error after a part.
    const write = `
      try { await files.writeFileAtomic(${JSON.stringify(path)}, new Uint8Array(8e6)); }
      catch (error) { console.log(error.name + ': ' + error.message); }`;
    const run = spawnSync(
      'sh',
      ['-c', 'ulimit -f 4096 && exec "$0" "$@"', process.execPath, ...script(write)],
      {
        cwd: project,
        encoding: 'utf8',
      },
    );
    expect(run.stdout + run.stderr).toMatch(/^InputError: .*untouched: the file would be larger/);
    expect(content(path)).toBe('old');
    expect(readdirSync(place)).toEqual(['a']);
  });

  it('passes on a fault of the program, and refuses a place that is not there', async () => {
    const faulty = (function* (): Generator<Uint8Array> {
      yield bytes('x');
      throw new RangeError('a fault');
    })();
    await expect(writeFileAtomic(join(place, 'a'), faulty)).rejects.toThrow(RangeError);
    expect(readdirSync(place)).toEqual([]);
    await expect(writeFileAtomic(join(place, 'none', 'a'), bytes('x'))).rejects.toThrow(
      /no such file or directory/,
    );
  });
});

describe('writeDirectoryAtomic', () => {
  it('writes a new one, with the folders before it, and takes one that is empty', async () => {
    const path = join(place, 'run', 'export');
    await writeDirectoryAtomic(`${path}/`, { weights: [bytes('1'), bytes('2')], state: bytes('3') });
    expect(readdirSync(path)).toEqual(['state', 'weights']);
    expect(content(join(path, 'weights'))).toBe('12');
    expect(readdirSync(join(place, 'run'))).toEqual(['export']);
    mkdirSync(join(place, 'empty'));
    await writeDirectoryAtomic(join(place, 'empty'), { weights: bytes('1') });
    expect(readdirSync(join(place, 'empty'))).toEqual(['weights']);
  });

  it('refuses one that holds something, and leaves it and its neighbours as they are', async () => {
    const path = join(place, 'mine');
    for (const name of ['mine', 'mine.partial', 'mine.previous']) {
      mkdirSync(join(place, name));
      writeFileSync(join(place, name, 'mine'), 'mine');
    }
    await expect(writeDirectoryAtomic(path, { weights: bytes('1') })).rejects.toThrow(
      /mine was not written, and what was there before is untouched: there is something in it already\.$/,
    );
    await writeDirectoryAtomic(join(place, 'other'), { weights: bytes('1') });
    for (const name of ['mine', 'mine.partial', 'mine.previous'])
      expect(content(join(place, name, 'mine'))).toBe('mine');
    expect(readdirSync(place)).toEqual(['mine', 'mine.partial', 'mine.previous', 'other']);
  });

  it('leaves nothing when the disk is full', async () => {
    const path = join(place, 'export');
    const writing = writeDirectoryAtomic(path, { state: bytes('new'), weights: failing() });
    await expect(writing).rejects.toThrow(/export was not written, .* the disk is full/);
    expect(readdirSync(place)).toEqual([]);
  });

  it('makes the directory that a link names', async () => {
    symlinkSync(join(place, 'real'), join(place, 'link'));
    await writeDirectoryAtomic(join(place, 'link'), { weights: bytes('1') });
    expect(lstatSync(join(place, 'link')).isSymbolicLink()).toBe(true);
    expect(readdirSync(join(place, 'real'))).toEqual(['weights']);
    mkdirSync(join(place, 'there'));
    symlinkSync(join(place, 'there'), join(place, 'second'));
    await writeDirectoryAtomic(join(place, 'second'), { weights: bytes('2') });
    expect(content(join(place, 'there', 'weights'))).toBe('2');
  });

  it('makes the folders before a name', async () => {
    const path = join(place, 'cache');
    await writeDirectoryAtomic(path, { 'a/b/one': bytes('1'), 'a/two': bytes('2'), 'a/b|b:1': bytes('3') });
    expect(content(join(path, 'a', 'b|b:1'))).toBe('3');
    expect(content(join(path, 'a', 'b', 'one'))).toBe('1');
    expect(content(join(path, 'a', 'two'))).toBe('2');
  });

  it('refuses a name that leaves the directory', async () => {
    const path = join(place, 'checkpoint');
    for (const name of ['../x', 'folder/../../x', '/x', 'folder//x']) {
      await expect(writeDirectoryAtomic(path, { [name]: bytes('x') })).rejects.toThrow(RangeError);
    }
    expect(readdirSync(place)).toEqual([]);
  });
});

describe('kill -9', () => {
  it('leaves a whole file and whole directories at any moment', { timeout: 60_000 }, async () => {
    const [file, directories] = [join(place, 'file'), join(place, 'directories')];
    const size = 300_000;
    const write = `
      for (let i = 1; ; i++) {
        const content = new Uint8Array(${size}).fill(i % 250);
        await files.writeFileAtomic(${JSON.stringify(file)}, content);
        const directory = ${JSON.stringify(directories)} + '/' + process.pid + '-' + i;
        await files.writeDirectoryAtomic(directory, { weights: content, state: content });
        if (i === 1) console.log('written');
      }`;
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, script(write), {
        cwd: project,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      await delay(5 + 23 * round);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const fill = new Set(readFileSync(file));
      expect([readFileSync(file).length, fill.size]).toEqual([size, 1]);
      for (const name of readdirSync(directories).filter((one) => !isPartial(one))) {
        const seen = new Set<number>();
        for (const part of ['weights', 'state']) {
          const written = readFileSync(join(directories, name, part));
          expect(written.length).toBe(size);
          for (const value of written) seen.add(value);
        }
        expect(seen.size).toBe(1);
      }
    }
    // What the kills left is taken away by the next write of the same file.
    await writeFileAtomic(file, bytes('last'));
    expect(readdirSync(place).toSorted()).toEqual(['directories', 'file']);
  });
});
