/**
 * Text of files in messages. A tensor's name, a field of a config or an entry of an archive may hold anything: line
 * breaks, escape sequences that steer a terminal, marks that turn the direction of reading, forty thousand letters.
 * Messages show it escaped and cut.
 * @module
 */

/** Control and format characters, separators of lines and paragraphs, halves of surrogate pairs. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Characters that a quoted text has at most, escapes counted as they are written. */
const longestQuote = 80;

/** A message that is longer loses its middle. */
const longestMessage = 2000;

/** What is shown of an unprintable character: each of its code units as `\u` and four hex digits. */
const escaped = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');

/**
 * Text from a file, safe to show: in quotes, on one line, cut at 80 characters.
 * @example quote('a\u001b[31m') // '"a\\u001b[31m"'
 */
export function quote(text: string): string {
  let shown = '';
  for (const character of text) {
    const piece = JSON.stringify(character).slice(1, -1).replace(unprintable, escaped);
    if (shown.length + piece.length > longestQuote) return `"${shown}…"`;
    shown += piece;
  }
  return `"${shown}"`;
}

/** The same without the quotes, for a text that a sentence takes as it is: a name, a number. */
export const shown = (text: string): string => quote(text).slice(1, -1);

/** A message on one line whatever went into it; one of more than 2000 characters keeps its beginning and its end. */
export function oneLine(message: string): string {
  const most = longestMessage / 2;
  const short =
    message.length <= longestMessage ? message : `${message.slice(0, most)} … ${message.slice(-most)}`;
  return short.replace(unprintable, escaped);
}
