import { describe, expect, it } from 'vitest';
import { styleFor } from './terminal.js';

const terminal = { isTTY: true, columns: 90, hasColors: (count: number) => count <= 256 };
const pipe = {};

describe('styleFor', () => {
  it.each([
    ['a terminal', terminal, {}, true],
    ['a terminal of few colours', { ...terminal, hasColors: (count: number) => count <= 16 }, {}, false],
    ['a terminal that cannot tell', { isTTY: true }, {}, false],
    ['a pipe', pipe, {}, false],
    ['a pipe with FORCE_COLOR', pipe, { FORCE_COLOR: '1' }, true],
    ['a pipe with FORCE_COLOR=0', pipe, { FORCE_COLOR: '0' }, false],
    ['a terminal with NO_COLOR', terminal, { NO_COLOR: '1' }, false],
    ['a terminal with an empty NO_COLOR', terminal, { NO_COLOR: '' }, true],
    ['both names', pipe, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ])('knows whether %s takes colour', (_, stream, environment, color) => {
    expect(styleFor(stream, environment).color).toBe(color);
  });

  it.each([
    ['its own', terminal, {}, 90],
    ['its own before COLUMNS', terminal, { COLUMNS: '40' }, 90],
    ['no more than a report fills', { columns: 300 }, {}, 120],
    ['COLUMNS', pipe, { COLUMNS: '72' }, 72],
    ['100 where nothing is known', pipe, {}, 100],
    ['100 where COLUMNS is no number', pipe, { COLUMNS: 'wide' }, 100],
    ['100 where COLUMNS is none', pipe, { COLUMNS: '0' }, 100],
  ])('takes %s as the width', (_, stream, environment, width) => {
    expect(styleFor(stream, environment).width).toBe(width);
  });
});
