import { describe, expect, it } from 'vitest';
import { clip, columns, printable, prose, setInLines } from './columns.js';

describe('text in columns', () => {
  it('shows what a terminal would act on', () => {
    expect(printable('a\u001b[2J\n\t\u007f\u009b\u202e\u200d\ud800')).toBe('a␛[2J␊␉␡����');
    expect(printable('é 漢 +=|')).toBe('é 漢 +=|');
  });

  it('knows wide and stacked characters', () => {
    expect(['abc', '漢字', 'e\u0301', '🙂', '—·█▴'].map(columns)).toEqual([3, 4, 1, 2, 4]);
  });

  it('clips to a width, wide characters too', () => {
    expect(clip('abcdef', 6)).toBe('abcdef');
    expect(clip('abcdef', 5)).toBe('abcd…');
    expect(clip('漢字漢', 4)).toBe('漢…');
  });

  it('sets pieces in lines and breaks prose between words', () => {
    const piece = (printed: string) => ({ printed, width: printed.length });
    expect(setInLines(['aa', 'bb', 'c'].map(piece), 4)).toEqual([['aa', 'bb'].map(piece), [piece('c')]]);
    expect(setInLines([], 4)).toEqual([[]]);
    expect(prose('one two three', 8, '  ')).toEqual(['one two', '  three']);
    expect(prose('one two', 20, '', '> ')).toEqual(['> one two']);
    expect(prose('unbreakable', 5)).toEqual(['unbr…']);
  });
});
