import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyReading, countingReading, exampleReading, withAll } from '../../test/fixtures/readings.js';
import { type Reading } from '../inversion/reading.js';
import { columns } from './columns.js';
import { renderTerminal } from './terminal.js';

const plain = (reading: Reading, width = 80, limit?: number): string =>
  renderTerminal(reading, { color: false, width, ...(limit === undefined ? {} : { limit }) });
const escapeSequence = /\u001b\[[0-9;]*m/g;

/** Three samples, figures chosen to show every sign. */
function small(): Reading {
  const reading = exampleReading(0);
  const sample = (text: string, distance: number, delta: number, valid = true) => ({
    text,
    tokens: ['B', ...text, 'E'],
    valid,
    distance,
    matchedPosition: 8,
    inside: distance <= 0.1,
    distances: Array.from({ length: text.length + 1 }, (_, at) => (at === 8 ? distance : 1)),
    tokenDelta: Array.from({ length: text.length + 2 }, (_, at) => (at === 1 ? delta : 0)),
    round: 0,
  });
  return {
    ...reading,
    samples: [
      sample('698+806=1504', 0.0042, 0.6),
      sample('850+651=1502', 0.05, 0.12, false),
      sample('236+861=1097', 0.31, -0.5),
    ],
  };
}

describe('renderTerminal', () => {
  it("sets a person's own inputs apart, with a second distance and temperatures where they are asked for", () => {
    const all = { ...withAll(small()), alsoAt: { place: '+', inside: 12, absent: 0 } };
    const lines = renderTerminal(all, { color: false, width: 90, temperatures: true }).split('\n');
    const own = lines.findIndex((line) => line === 'Your own, counted in no figure:');
    expect(
      lines.filter((line, at) => at < own && /^ +0\.\d{3} +1\.000 \S* *T 0\.5 /.test(line)),
    ).toHaveLength(3);
    expect(lines[own + 1]).toMatch(/^ 0\.004 {2}1\.000 /);
    expect(lines[own + 2]).toBe('  inside ε, matched at position 8; not among the candidates');
    expect(lines.join(' ')).toMatch(
      /At "\+" itself 12 of 1024 \(1\.2%\) are .*second number: the distance at "\+"/,
    );
    const plainly = plain(all);
    expect(plainly).not.toContain('T 0.5');
    expect(plain(small())).not.toMatch(/Your own|itself/);
  });

  it('names what is not judged and says how what follows is judged', () => {
    const reading = small();
    const judged = {
      ...reading,
      samples: reading.samples.map((sample) => ({
        ...sample,
        tokenDelta: sample.tokens.map((token, at) => ('B+=E'.includes(token) ? null : at === 9 ? 0.4 : 0)),
        follows: [9],
      })),
    };
    const words = plain(judged).replace(/\s+/g, ' ');
    expect(words).toContain('B + = E: not judged: every input has it there');
    expect(words).toContain('are judged at their place over all inputs');
    expect(words).toMatch(/1▴/);
    const coloured = renderTerminal(judged, { color: true, width: 80 });
    expect(coloured).toContain('\u001b[2m+\u001b[0m');
    expect(coloured.replace(escapeSequence, '').replace(/\s+/g, ' ')).toContain('dim, B + = E: not judged');
    expect(plain(reading)).not.toContain('judged');
  });

  it('shows a reading without colour', () => {
    expect(plain(small())).toBe(
      `a0.0 at "="                               blocks.0.attn.hook_result.0 · addition

   ▁ ▄ ▁ ▁ · ▄ ▁ ▁ ▁ · · · · ·
   B 6 1 5 + 8 6 1[=]1 4 7 6 E
                   ^ "=", position 8
  Bars: the head’s attention, most to "6" (1) 0.46, "8" (5) 0.43.

791 of 1024 candidates (77.2%) inside ε = 0.1, normalized Euclidean distance;
702 distinct, 18 not among the task’s inputs.

 0.004 ▏             B  6▴ 9  8  +  8  0  6 [=] 1  5  0  4  E
 0.050 █          !  B  8  5  0  +  6  5  1 [=] 1  5  0  2  E
── ε = 0.1 ────────────────────────────────── 2 inside above, 1 outside below ──
 0.310 ██████▎       B  2▾ 3  6  +  8  6  1 [=] 1  0  9  7  E

[ ]: the matched position; ▴ ▾: the activation raises or lowers the token’s
probability by more than 1/6; !: not among the task’s inputs.
Model addition 1f0c64a2b9d3 (transformerlens weights); decoder addition-decoder
77ab01c93e52; seed 1.`,
    );
  });

  it('colours tokens by step and needs no signs then', () => {
    const text = renderTerminal(small(), { color: true, width: 80 });
    expect(text).toContain('B \u001b[38;5;16;48;5;69m6\u001b[0m 9 8 + 8 0 6[=]1 5 0 4 E');
    expect(text).toContain('B \u001b[38;5;16;48;5;209m2\u001b[0m 3 6');
    expect(text).toContain('[\u001b[1;7m=\u001b[0m]');
    expect(text).not.toMatch(/[▴▾]/);
    expect(text.replace(escapeSequence, '')).toContain(' 0.050 █          !  B 8 5 0 + 6 5 1[=]1 5 0 2 E');
  });

  it('puts warnings first', () => {
    const warned = { ...small(), warnings: ['The input is not one of the task’s.'] };
    expect(plain(warned).split('\n')[0]).toBe('Warning: The input is not one of the task’s.');
  });

  it('names a position by its index where it has no name, and leaves bars to heads', () => {
    const reading = small();
    const nameless = { ...reading, attention: null, query: { ...reading.query, place: null } };
    const text = plain(nameless);
    expect(text).toContain('a0.0 at position 8');
    expect(text).toContain('^ position 8');
    expect(text).not.toContain('Bars');
  });

  it('draws the rule first when nothing is inside, last when all is', () => {
    const { samples, ...rest } = small();
    const rule = (inside: boolean): number => {
      const lines = plain({ ...rest, samples: samples.map((sample) => ({ ...sample, inside })) }).split('\n');
      return (
        lines.findIndex((line) => line.startsWith('──')) - lines.findIndex((line) => /^ 0\.\d/.test(line))
      );
    };
    expect(rule(false)).toBe(-1);
    expect(rule(true)).toBe(3);
  });

  it('prints as many samples as it may, evenly from both sides', () => {
    const text = plain(exampleReading(100), 80, 10);
    expect(text).toContain(' 7 inside above, 3 outside below');
    expect(text).toContain('10 of the 100 samples printed.');
    expect(plain(exampleReading(5), 80, 50)).not.toContain('printed');
    expect(plain(exampleReading(5), 80, 0)).toContain(' 0 inside above, 0 outside below');
  });

  it('says when there are no samples', () => {
    expect(plain(exampleReading(0))).toContain('No samples.');
  });

  it('runs tokens together where columns do not fit, and breaks long samples', () => {
    const text = plain(countingReading(), 60);
    expect(text).toContain('|▴a▴[:]8▴E▴');
    expect(Math.max(...text.split('\n').map(columns))).toBeLessThanOrEqual(60);
  });

  it('keeps to the width and sends no control character, whatever the reading', () => {
    const widths = fc.integer({ min: 20, max: 130 });
    fc.assert(
      fc.property(anyReading, widths, fc.boolean(), fc.option(fc.nat(8)), (any, width, color, limit) => {
        const all = width % 2 === 0;
        const reading = all ? withAll(any) : any;
        const how = { color, width, temperatures: all, ...(limit === null ? {} : { limit }) };
        const text = renderTerminal(reading, how);
        const bare = color ? text.replace(escapeSequence, '') : text;
        expect(bare).not.toMatch(/[^\P{C}\n]/u);
        for (const line of bare.split('\n')) expect(columns(line)).toBeLessThanOrEqual(width);
      }),
    );
  });
});
