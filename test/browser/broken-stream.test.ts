/** A stream that ends before its last event: each page says so, and asks again when it is told to. */
import { expect, it } from 'vitest';
import { inBrowser } from './page.js';

const asked = 'case=addition&input=615%2B861=1476&site=a0.0&at==';
const changed = `${asked}&change=F1&change=S1&predict=A1`;
const pages: readonly (readonly [path: string, hash: string])[] = [
  ['read', `#read?${asked}`],
  ['overview', `#overview?${asked}`],
  ['bits', `#overview?${asked}&figure=bits`],
  ['interpret', `#information?${asked}`],
  ['completeness', `#information?${asked}&completeness=on`],
  ['sweep', `#patch?${changed}`],
  ['patch', `#patch?${changed}&tab=sites`],
  ['experiment', `#patch?${asked}&tab=experiments&experiment=A1-from-F1S1`],
  ['attribution', `#patch?${asked}&tab=attribution`],
  ['models/describe', '#models?model=shipped/addition'],
];

inBrowser('a stream that breaks off', (open) => {
  it.each(pages)('is noticed: %s', async (path, hash) => {
    const page = await open('#saved');
    await page.route(`**/api/${path}`, (route) =>
      route.fulfill({
        contentType: 'text/event-stream',
        body: 'event: queued\ndata: {"ahead":1,"preparing":null}\n\n',
      }),
    );
    await page.evaluate((address) => (location.hash = address), hash);
    const said = page.getByText(/broke off before its end\. Ask again\.$/).first();
    await said.waitFor();
    expect(await said.textContent()).toMatch(/^\s*The [a-z ]+ broke off/);
  });
});
