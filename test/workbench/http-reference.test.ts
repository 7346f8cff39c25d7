/**
 * docs/http-api.md is what the table of verbs says, and its examples are requests that are taken.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { examples, httpReference } from '../../scripts/http-reference/page.js';
import { benchVerbs } from '../../src/workbench/table.js';
import { verbs } from '../../src/workbench/verbs.js';

const page = readFileSync('docs/http-api.md', 'utf8');

it('the page is up to date: npm run http-reference writes it', async () => {
  expect(await httpReference()).toBe(page);
});

it('the page has every verb, with comments of the fields', () => {
  const headings = Array.from(page.matchAll(/^### (\w+): `/gm), ([, name = '']) => name);
  expect(headings.toSorted()).toEqual(Object.keys(verbs).sort());
  // A field's own comment, one of a schema that it names, one that comes by a spread, and bounds and default of zod's.
  expect(page).toContain('- `top` (integer, 1 to 20, default `5`): Predicted tokens a position.');
  expect(page).toContain('- `site` (string, at most 100 characters): A site by its full or short name.');
  expect(page).toContain(
    '- `noise` (number, 0 to 1,000 or null, default `null`): Noise on the activation, in units of its standard deviation.',
  );
});

it.each(Object.entries(examples))('the example of %s is taken', (name, request) => {
  expect(benchVerbs[name as keyof typeof examples].body?.parse(request)).toMatchObject(request);
});

it('every link within the page leads somewhere', () => {
  const sections = Array.from(page.matchAll(/^### (\w+)$/gm), ([, title = '']) => title.toLowerCase());
  const links = Array.from(page.matchAll(/\]\(#([^)]+)\)/g), ([, to = '']) => to);
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter((to) => !sections.includes(to))).toEqual([]);
});
