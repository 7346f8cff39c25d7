/**
 * Byte-level vocabularies: GPT-2 writes each byte of a text as one printable character, itself where it prints, else the
 * next free one from 256 on, so that a space is `Ġ` and a line's end `Ċ`.
 * Source: `bytes_to_unicode` in GPT-2's `encoder.py`.
 * @module
 */

/** The character of each byte. */
export const byteCharacters: readonly string[] = ((): string[] => {
  const prints = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let free = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(prints(byte) ? byte : free++));
})();

const byteOf: ReadonlyMap<string, number> = new Map(
  byteCharacters.map((character, byte) => [character, byte]),
);

/** The bytes that a token of such a vocabulary stands for, or null where a character stands for none. */
export function bytesOfToken(token: string): Uint8Array | null {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = byteOf.get(token.charAt(i));
    if (byte === undefined) return null;
    bytes[i] = byte;
  }
  return bytes;
}
