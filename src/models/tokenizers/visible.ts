/**
 * Tokens for the eye: what would not show in a line of text is written out.
 * @module
 */
const signs: Readonly<Record<string, string>> = { ' ': '␣', '\n': '⏎', '\r': '␍', '\t': '⇥' };

/**
 * Bytes as one printable piece: spaces, tabs and line ends as signs, other white space and control characters by their
 * code, bytes that are only part of a character as `<0xE2>`.
 * @example visibleBytes(new TextEncoder().encode(' the')) // '␣the'
 */
export function visibleBytes(bytes: Uint8Array): string {
  let piece = '';
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at);
    if (length === 0) {
      piece += `<0x${(bytes[at] ?? 0).toString(16).toUpperCase().padStart(2, '0')}>`;
      at++;
    } else {
      piece += visibleText(
        new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(at, at + length)),
      );
      at += length;
    }
  }
  return piece;
}

/** The same for text. */
export function visibleText(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Z}]/gu,
    (character) => signs[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** Bytes that the UTF-8 character at a place takes; 0 where none is whole there. */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const length =
    first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}
