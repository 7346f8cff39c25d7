/**
 * Text inside HTML. Tokens, inputs and file names are other people's text: all of it passes through here.
 * @module
 */

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
// Half of a surrogate pair cannot be encoded; a zero byte and its kin are no characters of a page; the Unicode controls
// of direction would let a token rearrange what stands beside it.
const forbidden =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff\p{Cs}]/gu;

/** Text as it may stand between tags and inside quoted attributes. */
export const escapeHtml = (text: string): string =>
  text.replace(forbidden, '\ufffd').replace(/[&<>"']/g, (character) => entities[character] ?? '');

const characters: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(entities).map(([character, entity]) => [entity, character])),
  '&#x27;': "'",
  '&apos;': "'",
};

/** The inverse of {@link escapeHtml} for the five characters that it names; any other `&…;` is left as it is. */
export const unescapeHtml = (text: string): string =>
  text.replace(/&(?:amp|lt|gt|quot|apos|#39|#x27);/g, (entity) => characters[entity] ?? entity);

/**
 * A value as JSON that may stand inside a `script` element: nothing in it can end the element or open a comment.
 * Reading it back gives the value itself.
 */
export const scriptJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
