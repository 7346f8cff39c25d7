/**
 * The package as somebody gets it: packed, installed with nothing else into an empty folder by the command that README
 * gives, type-checked as the compiler does by default, imported and run.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsdown';
import { build as buildPage } from 'vite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 900_000 });

const root = fileURLToPath(new URL('../../', import.meta.url));
const text = (file: string): string => readFileSync(join(root, file), 'utf8');
const { exports: entries, dependencies } = z
  .object({ exports: z.record(z.string(), z.unknown()), dependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(text('package.json')));
const subpaths = Object.keys(entries)
  .filter((entry) => entry !== './package.json')
  .map((entry) => entry.replace('.', 'inversionview'));

const place = mkdtempSync(join(tmpdir(), 'inversionview-packed-'));
const [packing, project] = [join(place, 'packing'), join(place, 'project')];
afterAll(() => {
  rmSync(place, { recursive: true, force: true });
});

/** Runs a program as a person in that folder would: nothing of the npm that runs this test reaches it. */
function run(command: string, args: readonly string[], cwd: string): SpawnSyncReturns<string> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|node_env$|vitest)/i.test(name)),
  );
  return spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    shell: process.platform === 'win32',
  });
}

/** What a program prints; it has to succeed. */
function output(command: string, args: readonly string[], cwd = project): string {
  const { status, stdout, stderr } = run(command, args, cwd);
  expect(status, `${command} ${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
  return stdout;
}

const tarballSchema = z
  .array(z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) }))
  .length(1);
let packed: readonly string[] = [];

beforeAll(async () => {
  // Packed from a copy: what the sources are now, and dist/ stays as it is for those who are using it.
  mkdirSync(packing);
  mkdirSync(project);
  for (const file of ['package.json', 'README.md', 'LICENSE', 'weights', 'templates'])
    cpSync(join(root, file), join(packing, file), { recursive: true });
  await build({ cwd: root, outDir: join(packing, 'dist'), logLevel: 'warn' });
  await buildPage({
    root: join(root, 'web'),
    logLevel: 'warn',
    build: { outDir: join(packing, 'dist/web') },
  });
  const answer = output('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', place], packing);
  const [tarball] = tarballSchema.parse(JSON.parse(answer));
  packed = tarball?.files.map(({ path }) => path) ?? [];
  output('npm', ['install', '--prefer-offline', join(place, tarball?.filename ?? '')]);
});

describe('the packed package', () => {
  it('holds the built files and the weights, and nothing of the sources', () => {
    for (const file of [
      'dist/cli/main.js',
      'dist/web/index.html',
      'weights/addition/decoder/model.safetensors',
      'templates/ioi.yaml',
      'templates/names.json',
    ])
      expect(packed).toContain(file);
    const foreign = packed.filter(
      (path) => !/^(dist|weights|templates)\/|^(package\.json|README\.md|LICENSE)$/.test(path),
    );
    expect(foreign).toEqual([]);
    expect(packed.filter((path) => /\.test\.|(?<!\.d)\.ts$/.test(path))).toEqual([]);
  });

  it('brings what it depends on, and nothing of its development', () => {
    for (const name of Object.keys(dependencies))
      expect(existsSync(join(project, 'node_modules', name)), name).toBe(true);
    for (const name of ['typescript', 'vitest', '@types/d3', '@types/node'])
      expect(existsSync(join(project, 'node_modules', name)), name).toBe(false);
  });

  it('is imported by every subpath', () => {
    const lines = subpaths.map(
      (path) => `console.log(Object.keys(await import('${path}')).length, '${path}');`,
    );
    writeFileSync(join(project, 'every.mjs'), lines.join('\n'));
    const counts = output(process.execPath, ['every.mjs']).trimEnd().split('\n');
    expect(counts.map((line) => line.split(' ')[1])).toEqual(subpaths);
    for (const line of counts) expect(parseInt(line), line).toBeGreaterThan(0);
  });

  it('has the command, which reads with the shipped weights', () => {
    const args = ['--no', 'inversionview', 'read', '--input', '535+861=1396', '--site', 'a0.0'];
    const answer = output('npx', [...args, '--position', '=', '--json']);
    expect(z.object({ inside: z.number().min(1) }).safeParse(JSON.parse(answer)).success).toBe(true);
  });
});

describe('its declarations, under a compiler that checks libraries too', () => {
  const tsc = (file: string, ...options: readonly string[]): string =>
    output(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--strict', ...options, file]);
  const nodenext = ['--module', 'nodenext', '--target', 'es2022'];

  // One by one: where all are imported, one may bring what another lacks.
  it.each(subpaths)('%s', (path) => {
    writeFileSync(join(project, 'one.mts'), `import * as all from '${path}';\nexport const given = all;\n`);
    tsc('one.mts', ...nodenext, '--noEmit');
  });

  it('are found by bundlers', () => {
    const lines = subpaths.map(
      (path, at) => `import * as part${at} from '${path}';\nconsole.log(part${at});`,
    );
    writeFileSync(join(project, 'bundled.ts'), lines.join('\n'));
    tsc(
      'bundled.ts',
      '--module',
      'esnext',
      '--target',
      'es2022',
      '--moduleResolution',
      'bundler',
      '--noEmit',
    );
  });

  it("fit README's program, which runs", () => {
    const [, program = ''] = /```ts\n([^]*?)```/.exec(text('README.md')) ?? [];
    expect(program).toContain('reader.read');
    writeFileSync(join(project, 'readme.mts'), `${program}\nconsole.log(reading.inside);\n`);
    tsc('readme.mts', ...nodenext);
    expect(parseInt(output(process.execPath, ['readme.mjs']))).toBeGreaterThan(0);
  });
});
