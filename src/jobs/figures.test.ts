import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { png, writeFigure } from './figures.js';

const folder = mkdtempSync(join(tmpdir(), 'inversionview-figures-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Any font file that may be here. */
const aFont = [
  '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf',
  '/System/Library/Fonts/Supplemental/Arial.ttf',
].find(existsSync);

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20" fill="#fff"/><text x="2" y="14" font-size="10">a0.3</text></svg>';

describe('figures as files', () => {
  it('are PNGs at three pixels to one', () => {
    const bytes = Buffer.from(png(svg));
    expect(bytes.subarray(1, 4).toString('latin1')).toBe('PNG');
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([120, 60]);
    // Text takes part in it.
    expect(png(svg.replace('a0.3', ''))).not.toEqual(png(svg));
  });

  it('need a font', () => {
    expect(() => png(svg, { system: false, files: [] })).toThrow(/needs a font, and none is installed/);
  });

  it.skipIf(aFont === undefined)('are drawn with a file where the machine has none', () => {
    const own = { system: false, files: [aFont ?? ''] };
    expect(png(svg, own)).not.toEqual(png(svg.replace('a0.3', ''), own));
  });

  it('have their data beside them', async () => {
    const files = { svg: join(folder, 'one.svg'), png: join(folder, 'two.PNG') };
    const written = await writeFigure(files, svg, { n: 3 }, [{ site: 'a0.3', effect: 0.5 }]);
    expect(readdirSync(folder).sort()).toEqual([
      'one.csv',
      'one.json',
      'one.svg',
      'two.PNG',
      'two.csv',
      'two.json',
    ]);
    expect(written).toHaveLength(6);
    expect(readFileSync(join(folder, 'one.svg'), 'utf8')).toBe(svg);
    expect(JSON.parse(readFileSync(join(folder, 'two.json'), 'utf8'))).toEqual({ n: 3 });
    expect(readFileSync(join(folder, 'two.csv'), 'utf8')).toBe('site,effect\na0.3,0.5\n');
  });

  it('that cannot be written are told of in one line', async () => {
    const asked = writeFigure({ svg: join(folder, 'nowhere', 'one.svg') }, svg, {}, []);
    await expect(asked).rejects.toThrow(InputError);
  });
});
