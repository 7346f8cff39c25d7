import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { type FigureFiles, expectFigure, png, writeFigure } from './figures.js';

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

  it('are refused before any work where one of their files cannot be written', async () => {
    const place = join(folder, 'places');
    mkdirSync(join(place, 'data.csv'), { recursive: true });
    mkdirSync(join(place, 'more.json'));
    const at = (name: string): string => join(place, name);
    const cases: readonly (readonly [FigureFiles, RegExp])[] = [
      [{ svg: at('none/x.svg') }, /none\/x\.svg cannot be written: no such file or directory\.$/],
      [{ png: at('none/x.png') }, /none\/x\.png cannot be written: no such file or directory\.$/],
      [{ svg: at('x.svg'), png: at('none/x.png') }, /none\/x\.png cannot be written/],
      [{ svg: at('data.svg') }, /data\.csv cannot be written: it is a directory\.$/],
      [{ png: at('more.png') }, /more\.json cannot be written: it is a directory\.$/],
      [
        { svg: at('x'), png: `${place}/./x` },
        /x would hold two outputs: give each figure a name of its own\.$/,
      ],
      [{ svg: at('x.svg'), png: at('x.json') }, /x\.json would hold two outputs/],
    ];
    for (const [files, message] of cases) {
      await expect(expectFigure(files)).rejects.toThrow(InputError);
      await expect(expectFigure(files)).rejects.toThrow(message);
    }
    await expectFigure({ svg: at('x.svg'), png: at('x.png') });
    await expectFigure({});
    expect(readdirSync(place).sort()).toEqual(['data.csv', 'more.json']);
  });

  it('go through links, their data too, and into a pipe alone', async () => {
    const place = join(folder, 'links');
    mkdirSync(place);
    const at = (name: string): string => join(place, name);
    for (const ending of ['svg', 'json', 'csv']) symlinkSync(`real.${ending}`, at(`link.${ending}`));
    await writeFigure({ svg: at('link.svg') }, svg, { n: 3 }, []);
    expect(readFileSync(at('real.svg'), 'utf8')).toBe(svg);
    expect(JSON.parse(readFileSync(at('real.json'), 'utf8'))).toEqual({ n: 3 });
    expect(existsSync(at('real.csv'))).toBe(true);
    execFileSync('mkfifo', [at('pipe.svg')]);
    const reader = spawn('cat', [at('pipe.svg')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [got, written] = await Promise.all([
      text(reader.stdout),
      writeFigure({ svg: at('pipe.svg') }, svg, {}, []),
    ]);
    expect([got, written]).toEqual([svg, [at('pipe.svg')]]);
    expect(existsSync(at('pipe.json'))).toBe(false);
  });
});
