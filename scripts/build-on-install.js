/**
 * Builds dist/ at the end of `npm ci` and `npm install` in a checkout, so that `npx inversionview` works at
 * once. Without the development dependencies (`--omit=dev`) there is nothing to build with: say so, go on.
 *
 * It is the `postprepare` script and not `prepare`, because npx, when it runs a checkout's own command,
 * links the package and would run `prepare` (a second build) or, under strict-allow-scripts, refuse to.
 * @module
 */
import { createRequire } from 'node:module';

const { resolve } = createRequire(import.meta.url);

function isInstalled(name) {
  try {
    resolve(`${name}/package.json`);
    return true;
  } catch {
    return false;
  }
}

if (['tsdown', 'typescript', 'vite', 'svelte'].every(isInstalled)) {
  const { build } = await import('tsdown');
  await build({ logLevel: 'warn' });
  // After it: tsdown empties dist/ first.
  const { build: buildPage } = await import('vite');
  await buildPage({ root: 'web', logLevel: 'warn' });
} else {
  console.warn('Development dependencies are not installed: dist/ is left as it is.');
}
