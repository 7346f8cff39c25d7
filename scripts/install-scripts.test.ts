/**
 * What runs when a clone is installed, and what npm says about it. onnxruntime-node's post-install fetches CUDA
 * libraries, which nothing here uses, and ends the installation where their host cannot be reached. Older npm runs the
 * scripts that the lock file speaks of; newer npm asks package.json's allowScripts, and warns of packages not named there.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));
const { allowScripts } = z
  .object({ allowScripts: z.record(z.string(), z.boolean()) })
  .parse(read('package.json'));
const { packages } = z
  .object({ packages: z.record(z.string(), z.object({ hasInstallScript: z.boolean().optional() })) })
  .parse(read('package-lock.json'));

/** `a/node_modules/b` is a copy of b. */
const nameOf = (path: string): string => path.split('node_modules/').at(-1) ?? path;
const withScript = Object.entries(packages)
  .filter(([, { hasInstallScript }]) => hasInstallScript === true)
  .map(([path]) => nameOf(path));

describe('install scripts', () => {
  it('of onnxruntime-node are not run by any npm', () => {
    expect(Object.keys(packages).map(nameOf)).toContain('onnxruntime-node');
    expect(allowScripts['onnxruntime-node']).toBe(false);
    expect(withScript, 'take "hasInstallScript" of onnxruntime-node out of package-lock.json').not.toContain(
      'onnxruntime-node',
    );
  });

  it('of every package are decided upon', () => {
    for (const name of withScript) expect(Object.keys(allowScripts)).toContain(name);
  });
});

describe('npm in a clone', () => {
  it('prints no warning', () => {
    const folder = mkdtempSync(join(tmpdir(), 'inversionview-npm-'));
    try {
      const userconfig = join(folder, 'npmrc');
      writeFileSync(userconfig, 'update-notifier=false\n');
      // A fresh account's: nothing that the npm which runs this test has set.
      const env = Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith('npm_')),
      );
      const { status, stdout, stderr } = spawnSync('npm', ['pkg', 'get', 'name'], {
        cwd: root,
        encoding: 'utf8',
        env: { ...env, npm_config_userconfig: userconfig, npm_config_cache: join(folder, 'cache') },
        shell: process.platform === 'win32',
      });
      expect({ status, stdout: stdout.trim(), stderr }).toEqual({
        status: 0,
        stdout: '"inversionview"',
        stderr: '',
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
