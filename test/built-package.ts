/**
 * Set up once for all tests: the package as it is installed, built from the sources as they are. Processes and threads of
 * the tests start from it far sooner than through a loader of TypeScript, and it cannot be out of date as `dist` can.
 * @module
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsdown';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** The directory of the built package, once it is set up. */
export const builtPackage = (): string => process.env['INVERSIONVIEW_BUILT'] ?? '';

/** Called by vitest before the first test; what it returns is called after the last. */
export default async function setup(): Promise<() => void> {
  // Each project sets up; one build is enough.
  if (builtPackage() !== '') return () => undefined;
  // In node_modules: there it finds the packages it depends on.
  const cache = join(repository, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const place = mkdtempSync(join(cache, 'inversionview-'));
  copyFileSync(join(repository, 'package.json'), join(place, 'package.json'));
  for (const folder of ['weights', 'templates']) symlinkSync(join(repository, folder), join(place, folder));
  await build({
    config: false,
    cwd: repository,
    entry: { 'cli/main': 'src/cli/main.ts', 'server/worker': 'src/server/worker.ts' },
    outDir: join(place, 'dist'),
    platform: 'node',
    target: 'node20',
    format: 'esm',
    fixedExtension: false,
    dts: false,
    // One file loads faster than a hundred; what is left outside is native.
    deps: { alwaysBundle: [/^(zod|@bufbuild|commander|pure-rand|fastest-levenshtein|yauzl|cli-progress)/] },
    clean: false,
    logLevel: 'silent',
  });
  // Threads and processes of a server that is itself run from the sources (scripts/source-worker.js) see it too.
  process.env['INVERSIONVIEW_BUILT'] = place;
  return () => rmSync(place, { recursive: true, force: true });
}
