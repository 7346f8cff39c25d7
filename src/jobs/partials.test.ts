import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeIn } from './cache.js';
import { isPartial, partialOf, sweepPartials } from './partials.js';
import { type ProcessMark, isAlive, isLiving, markIn, markOf, markText } from './process-mark.js';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'inversionview-partials-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const minute = 60_000;
/** Has ended by now; nothing says that its number is not given again. */
const ended = (): ProcessMark => {
  const { stdout } = spawnSync('sh', ['-c', 'echo $$; cat /proc/$$/stat'], { encoding: 'utf8' });
  const [pid = '', stat = ''] = stdout.split('\n');
  return {
    ...markOf(),
    pid: Number(pid),
    started: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'x',
  };
};
const put = (name: string, age = 0): void => {
  const path = join(place, name);
  writeFileSync(path, '');
  const time = (Date.now() - age) / 1000;
  utimesSync(path, time, time);
};
const named = (file: string, mark: ProcessMark): string => `${file}.${markText(mark)}.5.partial`;

describe('a mark', () => {
  it('comes back from its text, and is that of this process', () => {
    expect(markIn(`x.${markText(markOf())}.partial`)).toEqual(markOf());
    expect(markIn('x.12.partial')).toBeNull();
    expect(markOf()).toMatchObject({ pid: process.pid });
  });

  it('lives while its process does, however long without a sign', () => {
    expect(isLiving(markOf(), 0)).toBe(process.platform === 'linux');
    expect(isLiving(markOf(), Date.now())).toBe(true);
    expect(isLiving(ended(), Date.now())).toBe(false);
  });

  it('does not live in a later process of its number', () => {
    expect(isLiving({ ...markOf(), started: '7' }, Date.now())).toBe(process.platform !== 'linux');
  });

  it('of another machine lives as long as it gives signs', () => {
    const away = { ...markOf(), host: '00000000' };
    expect(isLiving(away, Date.now() - minute / 2)).toBe(true);
    expect(isLiving(away, Date.now() - 2 * minute)).toBe(false);
    expect(isLiving(away, Date.now() - 2 * minute, 3 * minute)).toBe(true);
    // Its number says nothing here.
    expect(isLiving({ ...away, pid: 2 ** 22 + 1 }, Date.now())).toBe(true);
  });

  it.skipIf(process.platform !== 'linux')(
    'of a process that has ended, and nobody has noted it, is dead',
    async () => {
      // The shell becomes a process that never waits for its child.
      const { spawn } = await import('node:child_process');
      const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const pid = await new Promise<number>((resolve) =>
        parent.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))),
      );
      await expect.poll(() => isAlive(pid)).toBe(false);
      expect(() => process.kill(pid, 0)).not.toThrow();
      parent.kill('SIGKILL');
    },
  );

  it('isAlive knows this process and none of an impossible number', () => {
    expect(isAlive(process.pid)).toBe(true);
    expect(isAlive(2 ** 22 + 1)).toBe(false);
  });
});

describe('partial files', () => {
  it('lie beside the file, each under a name of its own that is short enough', () => {
    const path = join(place, 'ß'.repeat(127));
    const names = Array.from({ length: 100 }, () => partialOf(path));
    expect(new Set(names).size).toBe(100);
    for (const name of names) {
      expect(dirname(name)).toBe(place);
      expect(isPartial(basename(name))).toBe(true);
      expect(Buffer.byteLength(basename(name))).toBeLessThan(255);
    }
    for (const name of ['a.json', 'a.partial', 'mine.1x.partial', 'a.5.partial.csv'])
      expect(isPartial(name)).toBe(false);
  });

  it('of the dead are taken away, those of the living stay', async () => {
    const away = { ...markOf(), host: '00000000' };
    const living = [named('a', markOf()), named('b', away), 'c.123412345678.partial', 'mine.partial', 'a'];
    for (const name of living) put(name, minute);
    for (const name of [named('a', ended()), named('b', { ...markOf(), started: '7' })]) put(name);
    put(named('c', away), 90 * minute);
    put('c.123498765432.partial', 90 * minute);
    await sweepPartials(place);
    expect(readdirSync(place)).toEqual(living.toSorted());
  });

  it('of one file are told from those of others', async () => {
    const others = [named('ab', ended()), named('a.b', ended())];
    for (const name of [...others, named('a', ended())]) put(name);
    await sweepPartials(place, { of: join(place, 'a') });
    expect(readdirSync(place)).toEqual(others.toSorted());
  });

  it('in a directory that is held are all left behind', async () => {
    for (const name of [named('a', markOf()), 'c.123412345678.partial', 'mine']) put(name);
    await sweepPartials(place, { held: true });
    expect(readdirSync(place)).toEqual(['mine']);
    await sweepPartials(join(place, 'none'));
  });
});

describe('a cache', () => {
  it('is swept at its first use', async () => {
    put(named('activations-1.bin', ended()));
    put(named('activations-2.bin', markOf()));
    put('activations-3.bin');
    expect(await storeIn(place).open('activations-1.bin')).toBeNull();
    expect(readdirSync(place)).toEqual([named('activations-2.bin', markOf()), 'activations-3.bin']);
  });

  it('that cannot be made says so in a sentence', async () => {
    put('file');
    await expect(storeIn(join(place, 'file', 'cache')).write('a', [])).rejects.toThrow(
      /file\/cache cannot be made: a part of its path is not a directory\.$/,
    );
    mkdirSync(join(place, 'a'));
    await expect(storeIn(place).open('a')).rejects.toThrow(/a is not a file\.$/);
    await expect(storeIn(place).write('a', [])).rejects.toThrow(
      /a was not written, .*: it is a directory\.$/,
    );
  });
});
