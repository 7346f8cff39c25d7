/**
 * What an output is pointed at is never destroyed: links, devices, pipes and descriptors stay what they are, and a file
 * keeps its mode.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { expectWritable, writeFileAtomic } from './files.js';

const root = mkdtempSync(join(tmpdir(), 'inversionview-outputs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let place = '';
let made = 0;
beforeEach(() => {
  place = join(root, String(made++));
  mkdirSync(place);
});

const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);
const content = (path: string): string => readFileSync(path, 'utf8');
const isRoot = process.getuid?.() === 0;
/** Devices can be made by root alone, and not in every container. Never one of the machine's own is written into. */
const makesDevices =
  isRoot && spawnSync('mknod', [join(root, 'probe'), 'c', '1', '3']).status === 0 && isOpenable('probe');
function isOpenable(name: string): boolean {
  try {
    closeSync(openSync(join(root, name), 'w'));
    return true;
  } catch {
    return false; // a file system without devices
  }
}

async function refused(path: string, message: RegExp): Promise<void> {
  await expect(expectWritable(path)).rejects.toThrow(message);
  await expect(writeFileAtomic(path, bytes('new'))).rejects.toThrow(message);
  await expect(expectWritable(path)).rejects.toThrow(InputError);
  await expect(writeFileAtomic(path, bytes('new'))).rejects.toThrow(InputError);
}

describe('a link', () => {
  it('stays a link to the file that is written, however many there are on the way', async () => {
    mkdirSync(join(place, 'far'));
    writeFileSync(join(place, 'far', 'target'), 'old');
    symlinkSync('far', join(place, 'near'));
    symlinkSync('near/second', join(place, 'first'));
    symlinkSync('../far/target', join(place, 'far', 'second'));
    await expectWritable(join(place, 'first'));
    await writeFileAtomic(join(place, 'first'), bytes('new'));
    expect(content(join(place, 'far', 'target'))).toBe('new');
    for (const link of ['first', 'near', 'far/second'])
      expect(lstatSync(join(place, link)).isSymbolicLink()).toBe(true);
    expect(readdirSync(place)).toEqual(['far', 'first', 'near']);
    expect(readdirSync(join(place, 'far'))).toEqual(['second', 'target']);
  });

  it('that dangles makes the file that it names', async () => {
    symlinkSync('target', join(place, 'link'));
    await expectWritable(join(place, 'link'));
    expect(existsSync(join(place, 'target'))).toBe(false);
    await writeFileAtomic(join(place, 'link'), bytes('new'));
    expect(content(join(place, 'target'))).toBe('new');
    expect(lstatSync(join(place, 'link')).isSymbolicLink()).toBe(true);
  });

  it('to nowhere, or in a circle, is refused', async () => {
    symlinkSync('none/target', join(place, 'nowhere'));
    symlinkSync('b', join(place, 'a'));
    symlinkSync('a', join(place, 'b'));
    await refused(join(place, 'nowhere'), /nowhere .*: no such file or directory\.$/);
    await refused(join(place, 'a'), /a .*: its links lead in a circle\.$/);
  });
});

describe('a file', () => {
  it.each([0o600, 0o644, 0o755, 0o664])('keeps its mode %o', async (mode) => {
    const path = join(place, 'file');
    writeFileSync(path, 'old');
    chmodSync(path, mode);
    await writeFileAtomic(path, bytes('new'));
    expect(content(path)).toBe('new');
    expect(statSync(path).mode & 0o7777).toBe(mode);
  });

  it.skipIf(!isRoot)('keeps its owner (only root gives files away)', async () => {
    const path = join(place, 'file');
    writeFileSync(path, 'old');
    chownSync(path, 1234, 2345);
    chmodSync(path, 0o640);
    await writeFileAtomic(path, bytes('new'));
    expect(statSync(path)).toMatchObject({ uid: 1234, gid: 2345 });
    expect(statSync(path).mode & 0o7777).toBe(0o640);
  });

  it.skipIf(isRoot)('that may not be written is not exchanged (root may write all)', async () => {
    const path = join(place, 'file');
    writeFileSync(path, 'old');
    chmodSync(path, 0o444);
    await refused(path, /: permission denied\.$/);
    expect(content(path)).toBe('old');
    expect(readdirSync(place)).toEqual(['file']);
  });

  it('may have the longest name there is', async () => {
    const path = join(place, 'ß'.repeat(120) + 'x'.repeat(15));
    await expectWritable(path);
    await writeFileAtomic(path, bytes('new'));
    expect(content(path)).toBe('new');
  });

  it('needs a name that is no directory', async () => {
    await refused('', /^The name of the file to write is empty\.$/);
    await refused(place, /: it is a directory\.$/);
    await refused(`${place}/new/`, /: it is a directory\.$/);
    await refused(join(place, 'none', 'file'), /: no such file or directory\.$/);
    await refused('/proc/file', /: no such file or directory\.$/);
    expect(readdirSync(place)).toEqual([]);
  });
});

describe('what is no regular file', () => {
  it('a named pipe is written into and stays one', async () => {
    const path = join(place, 'pipe');
    execFileSync('mkfifo', [path]);
    await expectWritable(path);
    const reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [got] = await Promise.all([
      text(reader.stdout),
      writeFileAtomic(path, [bytes('a page, '.repeat(40_000)), bytes('and its end')]),
    ]);
    expect(got).toBe(`${'a page, '.repeat(40_000)}and its end`);
    expect(lstatSync(path).isFIFO()).toBe(true);
    expect(readdirSync(place)).toEqual(['pipe']);
  });

  it('a reader of a pipe may have had enough', async () => {
    const path = join(place, 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = spawn('head', ['-c', '1', path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [got] = await Promise.all([
      text(reader.stdout),
      writeFileAtomic(path, new Uint8Array(5e6).fill(65)),
    ]);
    expect(got).toBe('A');
  });

  it('a socket is refused', async () => {
    const path = join(place, 'socket');
    const server = createServer().listen(path);
    await new Promise((resolve) => server.once('listening', resolve));
    await refused(path, /cannot be written: it is a socket, not a regular file\.$/);
    expect(lstatSync(path).isSocket()).toBe(true);
    server.close();
  });

  it.skipIf(!makesDevices)(
    'a device is written into and stays one (needs a root that can make devices)',
    async () => {
      const [empty, full, block] = ['empty', 'full', 'block'].map((name) => join(place, name)) as [
        string,
        string,
        string,
      ];
      execFileSync('mknod', [empty, 'c', '1', '3']);
      execFileSync('mknod', [full, 'c', '1', '7']);
      execFileSync('mknod', [block, 'b', '7', '250']);
      symlinkSync(empty, join(place, 'link'));
      for (const path of [empty, join(place, 'link')]) {
        await expectWritable(path);
        await writeFileAtomic(path, bytes('new'));
      }
      await expect(writeFileAtomic(full, bytes('new'))).rejects.toThrow(
        /full was not written to its end: the disk is full\.$/,
      );
      await refused(block, /it is a block device, not a regular file\.$/);
      for (const path of [empty, full]) expect(lstatSync(path).isCharacterDevice()).toBe(true);
      expect(lstatSync(block).isBlockDevice()).toBe(true);
      expect(readdirSync(place)).toEqual(['block', 'empty', 'full', 'link']);
    },
  );

  it('an open descriptor is written where it stands', async () => {
    const path = join(place, 'file');
    const descriptor = openSync(path, 'w');
    writeFileSync(descriptor, 'before ');
    await expectWritable(`/dev/fd/${descriptor}`);
    await writeFileAtomic(`/dev/fd/${descriptor}`, [bytes('the '), bytes('page')]);
    writeFileSync(descriptor, ' after');
    closeSync(descriptor);
    expect(content(path)).toBe('before the page after');
    const reading = openSync(path, 'r');
    await expect(expectWritable(`/dev/fd/${reading}`)).rejects.toThrow(/it is not open for writing\.$/);
    closeSync(reading);
    // Beyond what a process can have open: a number that is free now another thread's file may have at any moment.
    await refused('/dev/fd/1000000', /it is not open for writing\.$/);
  });
});
