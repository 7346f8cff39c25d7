/**
 * A `tokenizer.json` put so that @huggingface/tokenizers does what Hugging Face's own library (in Rust) does with it.
 * Where the two part: JavaScript's `\s` in the pattern of byte-level tokenizers (no U+0085, but U+FEFF), digits beyond
 * ASCII, the letters that match `s` and `k` whatever their case, ways of splitting other than `Isolated` and `Removed`,
 * and parts of the file that may be left out.
 * @module
 */
import { isRecord } from '../weights/strict-json.js';
import { gpt2Split } from './split-patterns.js';

type Part = Readonly<Record<string, unknown>>;

/** The same tokenizer in words that both libraries take alike. */
export function exactJson(json: Part): Record<string, unknown> {
  const { pre_tokenizer: preTokenizer = null } = json;
  return {
    added_tokens: [],
    normalizer: null,
    post_processor: null,
    decoder: null,
    ...json,
    pre_tokenizer: isRecord(preTokenizer)
      ? { type: 'Sequence', pretokenizers: exactSplits(preTokenizer) }
      : null,
  };
}

/** Every step of a pre-tokenizer, sequences laid flat. */
function exactSplits(part: Part): Part[] {
  switch (part['type']) {
    case 'Sequence': {
      const parts = part['pretokenizers'];
      return Array.isArray(parts) ? parts.filter(isRecord).flatMap(exactSplits) : [];
    }
    case 'ByteLevel': {
      if (part['use_regex'] === false) return [part];
      // A space before the first word comes before the words are cut.
      const space = { type: 'Replace', pattern: { Regex: '\\A([^ ])' }, content: ' $1' };
      return [
        ...(part['add_prefix_space'] === true ? [space] : []),
        isolated(gpt2Split),
        { ...part, add_prefix_space: false, use_regex: false },
      ];
    }
    case 'Digits':
      return [isolated(part['individual_digits'] === true ? '\\p{N}' : '\\p{N}+')];
    case 'Metaspace': {
      const scheme = part['prepend_scheme'] ?? (part['add_prefix_space'] === false ? 'never' : 'always');
      const whole = { ...part, prepend_scheme: scheme };
      const mark = typeof part['replacement'] === 'string' ? escaped(part['replacement']) : '▁';
      return part['split'] === false ? [whole] : [whole, isolated(mergedWithNext(mark))];
    }
    case 'Split':
      return [exactSplit(part)];
    default:
      return [part];
  }
}

function exactSplit(part: Part): Part {
  const { pattern, behavior } = part;
  if (!isRecord(pattern) || part['invert'] === true) return part;
  const { Regex: regex, String: text } = pattern;
  const cut = typeof regex === 'string' ? regex : typeof text === 'string' ? escaped(text) : null;
  if (cut === null) return part;
  switch (behavior) {
    case 'MergedWithPrevious':
      return isolated(`(?:(?!${cut})[\\s\\S])*(?:${cut})|(?:(?!${cut})[\\s\\S])+`);
    case 'MergedWithNext':
      return isolated(mergedWithNext(cut));
    case 'Contiguous':
      return isolated(`(?:${cut})+`);
    default:
      return typeof regex === 'string' ? { ...part, pattern: { Regex: caseless(regex) } } : part;
  }
}

/**
 * Groups in which case does not matter, with each letter spelled out: two letters beyond ASCII have one of ASCII as
 * their other case, the long s and the sign for kelvin.
 */
function caseless(regex: string): string {
  return regex.replace(/\(\?i:([a-z'|]+)\)/gi, (_, body: string) => {
    const spelled = body.replace(/[a-z]/gi, (letter) => {
      const lower = letter.toLowerCase();
      return `[${lower}${letter.toUpperCase()}${{ s: 'ſ', k: '\u212a' }[lower] ?? ''}]`;
    });
    return `(?:${spelled})`;
  });
}

const mergedWithNext = (cut: string): string => `(?:${cut})(?:(?!${cut})[\\s\\S])*|(?:(?!${cut})[\\s\\S])+`;

const isolated = (regex: string): Part => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
