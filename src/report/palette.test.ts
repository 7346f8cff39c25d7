import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contrast, deltaLevel, deltaSteps, deltaSwatch, hex, paintDelta } from './palette.js';

describe('the palette of differences', () => {
  it('has a step for each size, none for what is small or not a number', () => {
    expect([-1, -0.4, -0.05, -0.049, 0, 0.049, 0.05, 0.4, 1].map(deltaLevel)).toEqual([
      -6, -3, -1, 0, 0, 0, 1, 3, 6,
    ]);
    expect([NaN, 7, -Infinity].map(deltaLevel)).toEqual([0, 6, -6]);
  });

  it('grows with the difference and is even about nothing', () => {
    const delta = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(delta, delta, (a, b) => {
        if (a <= b) expect(deltaLevel(a)).toBeLessThanOrEqual(deltaLevel(b));
        expect(deltaLevel(-a) + deltaLevel(a)).toBe(0);
      }),
    );
  });

  it.each(['light', 'dark'] as const)('keeps text readable on every step, %s', (scheme) => {
    for (let level = -deltaSteps; level <= deltaSteps; level++) {
      const { background, text } = deltaSwatch(level, scheme);
      expect(contrast(background, text), `step ${level}`).toBeGreaterThanOrEqual(4.5);
    }
  });

  it.each(['light', 'dark'] as const)('raises in blue and lowers in red-orange, %s', (scheme) => {
    for (let level = 1; level <= deltaSteps; level++) {
      const [upRed, , upBlue] = deltaSwatch(level, scheme).background;
      const [downRed, , downBlue] = deltaSwatch(-level, scheme).background;
      expect(upBlue).toBeGreaterThan(upRed);
      expect(downRed).toBeGreaterThan(downBlue);
    }
  });

  it('writes colours for pages and terminals', () => {
    expect(hex([0, 10, 255])).toBe('#000aff');
    expect(paintDelta('7', 0)).toBe('7');
    expect(paintDelta('7', 3)).toBe('\u001b[38;5;16;48;5;111m7\u001b[0m');
    expect(paintDelta('7', -6)).toBe('\u001b[38;5;231;48;5;124m7\u001b[0m');
  });
});
