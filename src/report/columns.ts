/**
 * Text in the columns of a terminal: how wide it is, how it is broken, and what of it may be printed at all. A token
 * can hold anything, an escape sequence too: nothing that moves the cursor or turns the line around gets through.
 * @module
 */

const wide =
  /^[\u1100-\u115f\u231a-\u231b\u2329-\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1aff0}-\u{1b2ff}\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]|^\p{Extended_Pictographic}/u;
const stacked = /^[\p{Mn}\p{Me}]/u;
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/**
 * The text with each character that a terminal would act on replaced by a sign for it: `␊` for a line break,
 * `␛` for escape, `�` for the rest.
 */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 32) return String.fromCodePoint(0x2400 + code);
    return code === 127 ? '\u2421' : '\ufffd';
  });
}

/** Columns that printable text takes. Where terminals differ, the larger: a line is never longer than said. */
export function columns(text: string): number {
  let sum = 0;
  for (const character of text) sum += stacked.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return sum;
}

/** The text, its end replaced by `…` where it is wider than allowed. */
export function clip(text: string, width: number): string {
  if (columns(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += columns(character);
    if (used > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** A piece of a line that is not broken: what is printed, and its columns (colours take none). */
export interface Piece {
  readonly printed: string;
  readonly width: number;
}

/** Sets pieces one after another into as few lines as hold them; a piece must fit into a line by itself. */
export function setInLines<P extends Piece>(pieces: readonly P[], width: number): P[][] {
  const lines: P[][] = [];
  let line: P[] = [];
  let used = 0;
  for (const piece of pieces) {
    if (used + piece.width > width && line.length > 0) {
      lines.push(line);
      line = [];
      used = 0;
    }
    line.push(piece);
    used += piece.width;
  }
  return line.length > 0 || lines.length === 0 ? [...lines, line] : lines;
}

/** Breaks prose between words; a word wider than a line is clipped. `first` and `rest` stand before the lines. */
export function prose(text: string, width: number, rest = '', first = ''): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of printable(text).split(' ')) {
    const longer = empty ? line + word : `${line} ${word}`;
    if (!empty && columns(longer) > width) {
      lines.push(line);
      line = clip(rest + word, width);
    } else {
      line = clip(longer, width);
    }
    empty = false;
  }
  return [...lines, line];
}
