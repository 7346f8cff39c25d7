/**
 * The API reference (`npm run docs`) has every entry point of the package.
 */
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const { exports } = z.object({ exports: z.record(z.string(), z.unknown()) }).parse(read('package.json'));
const { entryPoints } = z.object({ entryPoints: z.array(z.string()) }).parse(read('typedoc.json'));

/** The source of an entry point: `./report/plots` → `src/report/plots/index.ts`. */
const sourceOf = (name: string): string =>
  name === './engine/node' ? 'src/engine/runtime/node.ts' : `src/${name.slice(2)}/index.ts`;

it('the API reference is made of the sources of the package’s entry points', () => {
  const names = Object.keys(exports).filter((name) => name !== './package.json');
  expect(entryPoints.toSorted()).toEqual(names.map(sourceOf).sort());
  for (const source of entryPoints) expect(existsSync(source), source).toBe(true);
});
