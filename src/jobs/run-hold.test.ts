import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { markOf, markText } from './process-mark.js';
import { expectNotHeld, holdRun, holderOf, isLock } from './run-hold.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'inversionview-hold-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const lockOf = (mark: string): string => join(directory, `held-by-${mark}.lock`);
const refusal = (pid: number): string =>
  `${directory} is being trained by process ${pid}: wait for its end, or stop it.`;

/** A process that holds the directory, or says why it could not. */
const holder = (count = 1) => {
  const module = JSON.stringify(new URL('./run-hold.ts', import.meta.url).href);
  const code = `const { holdRun } = await import(${module});
    process.stdin.once('data', async () => {
      try { await holdRun(${JSON.stringify(directory)}); console.log('held'); setInterval(() => {}, 1000); }
      catch (error) { console.log(error.message); process.exit(2); }
    });
    console.log('ready');`;
  return Array.from({ length: count }, () =>
    spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
};
type Child = ReturnType<typeof holder>[number];
const line = async (child: Child): Promise<string> => String((await once(child.stdout, 'data'))[0]).trim();

describe('a run directory', () => {
  it('is held by one, and by the next when that has let go', async () => {
    const hold = await holdRun(directory);
    expect(await holderOf(directory)).toEqual(markOf());
    await expect(holdRun(directory)).rejects.toThrow(new InputError(refusal(process.pid)));
    await expect(expectNotHeld(directory)).rejects.toThrow(InputError);
    await hold.release();
    expect(await holderOf(directory)).toBeNull();
    expect(readdirSync(directory)).toEqual([]);
    await (await holdRun(directory)).release();
  });

  it(
    'is held by one process of several that come at once, until it is killed',
    { timeout: 120_000 },
    async () => {
      const children = holder(4);
      await Promise.all(children.map(line));
      const answers = Promise.all(children.map(line));
      for (const child of children) child.stdin.write('go\n');
      const said = await answers;
      const [winner] = children.filter((_, at) => said[at] === 'held');
      expect(said.filter((one) => one === 'held')).toHaveLength(1);
      const pid = winner?.pid ?? 0;
      // The others may have met one another before they met the winner.
      for (const one of said) if (one !== 'held') expect(one).toContain('is being trained by process ');
      await expect(holdRun(directory)).rejects.toThrow(refusal(pid));
      winner?.kill('SIGKILL');
      if (winner !== undefined) await once(winner, 'exit');
      const hold = await holdRun(directory);
      expect(readdirSync(directory).filter(isLock)).toEqual([`held-by-${markText(markOf())}.lock`]);
      await hold.release();
    },
  );

  it.skipIf(process.platform !== 'linux')(
    'is not held by a later process of the number of one that was killed (needs /proc)',
    async () => {
      writeFileSync(lockOf(markText({ ...markOf(), started: '7' })), '');
      await (await holdRun(directory)).release();
      expect(readdirSync(directory)).toEqual([]);
    },
  );

  it('is held by a process of another machine as long as it gives signs of life', async () => {
    const path = lockOf('77-12345-00000000');
    writeFileSync(path, '');
    await expect(holdRun(directory)).rejects.toThrow(refusal(77));
    utimesSync(path, 1, 1);
    await (await holdRun(directory)).release();
  });

  it('that is none, or may not be written, is refused', async () => {
    await expect(holdRun(join(directory, 'none'))).rejects.toThrow(
      /none cannot be written: no such file or directory\.$/,
    );
    expect(await holderOf(join(directory, 'none'))).toBeNull();
  });
});
