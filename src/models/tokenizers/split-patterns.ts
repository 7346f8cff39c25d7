/**
 * How byte-level tokenizers cut a text into the words within which they merge, as their `tokenizer.json` says it in
 * Oniguruma's syntax.
 * @module
 */

/** GPT-2, Pythia and, after single digits, SmolLM2. */
export const gpt2Split = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

const clitics = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const rest = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

/** Llama 3: numbers in groups of up to three digits. */
export const llama3Split = `${clitics}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|${rest}`;

/** Qwen 2, 2.5 and 3: digit by digit. */
export const qwen2Split = `${clitics}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|${rest}`;

/** A pre-tokenizer that cuts by a pattern and writes bytes as characters. */
export function splitThenBytes(pattern: string): Record<string, unknown> {
  return {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  };
}

/** SmolLM2's: single digits first, then as GPT-2. */
export const digitsThenGpt2: Readonly<Record<string, unknown>> = {
  type: 'Sequence',
  pretokenizers: [{ type: 'Digits', individual_digits: true }, splitThenBytes(gpt2Split)],
};
