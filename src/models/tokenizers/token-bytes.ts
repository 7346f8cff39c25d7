/**
 * What a token stands for, in bytes. Tokens are cut without regard to characters, so that one may hold half of one;
 * several decoded together are whole again.
 * @module
 */
import { isRecord } from '../weights/strict-json.js';
import { bytesOfToken } from './byte-level.js';

/** A way from tokens back to text. */
export interface TokenBytes {
  /** The bytes of one token, on its own. */
  of(token: string): Uint8Array;
  /** The text of tokens in a row. */
  text(tokens: readonly string[]): string;
}

const encoder = new TextEncoder();
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/**
 * The way that the decoder of a `tokenizer.json` describes, or null where it is neither byte-level nor of sentencepiece
 * with bytes as last resort.
 * @param added contents of added tokens, which stand for themselves
 */
export function tokenBytes(decoder: unknown, added: ReadonlySet<string>): TokenBytes | null {
  const steps = decoderSteps(decoder);
  const types = steps.map(({ type }) => type);
  if (types.join() === 'ByteLevel') return byteLevel(added);
  const fallback = ['Replace,ByteFallback,Fuse', 'Replace,ByteFallback,Fuse,Strip'].includes(types.join());
  return fallback ? sentencepiece(types.includes('Strip')) : null;
}

function decoderSteps(decoder: unknown): { readonly type?: unknown }[] {
  if (!isRecord(decoder)) return [];
  const inner = decoder['decoders'];
  return decoder['type'] === 'Sequence' && Array.isArray(inner) ? inner.flatMap(decoderSteps) : [decoder];
}

function byteLevel(added: ReadonlySet<string>): TokenBytes {
  const of = (token: string): Uint8Array =>
    (added.has(token) ? null : bytesOfToken(token)) ?? encoder.encode(token);
  const texts = new Map<string, string | null>();
  /** The text of a token; null where its bytes are none without those of its neighbours. */
  const textOf = (token: string): string | null => {
    const known = texts.get(token);
    if (known !== undefined) return known;
    const text = strictText(of(token));
    texts.set(token, text);
    return text;
  };
  return {
    of,
    text(tokens) {
      let text = '';
      for (const token of tokens) {
        const own = textOf(token);
        if (own === null) return lenient.decode(Uint8Array.from(tokens.flatMap((one) => [...of(one)])));
        text += own;
      }
      return text;
    },
  };
}

function strictText(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

function sentencepiece(stripsFirstSpace: boolean): TokenBytes {
  const byte = (token: string): number | null => {
    const digits = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1];
    return digits === undefined ? null : Number.parseInt(digits, 16);
  };
  const spaced = (token: string): string => token.replaceAll('▁', ' ');
  return {
    of: (token) => {
      const single = byte(token);
      return single === null ? encoder.encode(spaced(token)) : Uint8Array.of(single);
    },
    text(tokens) {
      let text = '';
      let run: number[] = [];
      // A run of bytes that is no text shows one mark a byte, as in Hugging Face's library.
      const endRun = (): void => {
        text += strictText(Uint8Array.from(run)) ?? '\ufffd'.repeat(run.length);
        run = [];
      };
      for (const token of tokens) {
        const single = byte(token);
        if (single === null) {
          endRun();
          text += spaced(token);
        } else {
          run.push(single);
        }
      }
      endRun();
      return stripsFirstSpace && text.startsWith(' ') ? text.slice(1) : text;
    },
  };
}
