/**
 * A model's identity: a hash over what it computes with, whatever file it came from.
 * @module
 */

/** Named float32 tensors: the form in which parameters are held outside graphs. */
export type ParameterSet = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly data: Float32Array }
>;

/** A fingerprint in the making. */
export interface Fingerprint {
  /**
   * Takes a parameter in, which may not change before the result is there. Resolves once the one before it is hashed:
   * hashing takes a copy, and there is to be one at a time.
   */
  add(
    name: string,
    parameter: { readonly shape: readonly number[]; readonly data: Float32Array },
  ): Promise<void>;
  /** 64 hex digits. */
  result(): Promise<string>;
}

/**
 * Begins a SHA-256 over names, shapes and little-endian float32 values, names in code-unit order. A parameter is hashed
 * beside what its giver does next: reading a large model and hashing it take about as long.
 */
export function createFingerprint(): Fingerprint {
  const parts = new Map<string, string>();
  let last: Promise<unknown> = Promise.resolve();
  return {
    async add(name, { shape, data }) {
      await last;
      last = sha256(asBytes(data)).then((hash) => parts.set(name, `${name}[${shape.join(',')}]${hash}`));
      // A fault is thrown by what comes next; until then nobody listens.
      last.catch(() => undefined);
    },
    async result() {
      await last;
      const lines = [...parts.keys()].sort().map((name) => parts.get(name));
      return sha256(new TextEncoder().encode(lines.join('\n')));
    },
  };
}

/** The fingerprint of parameters that are all there. */
export async function fingerprint(parameters: ParameterSet): Promise<string> {
  const whole = createFingerprint();
  for (const [name, parameter] of parameters) await whole.add(name, parameter);
  return whole.result();
}

const asBytes = (data: Float32Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
