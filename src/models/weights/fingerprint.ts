/**
 * A model's identity: a hash over what it computes with, whatever file it came from.
 * @module
 */

/** Named float32 tensors: the form in which parameters are kept outside graphs. */
export type ParameterSet = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly data: Float32Array }
>;

/**
 * SHA-256 over names, shapes and little-endian float32 values, names in code-unit order; 64 hex digits.
 */
export async function fingerprint(parameters: ParameterSet): Promise<string> {
  const hashes: string[] = [];
  for (const name of [...parameters.keys()].sort()) {
    const parameter = parameters.get(name);
    if (parameter === undefined) continue;
    hashes.push(`${name}[${parameter.shape.join(',')}]${await sha256(asBytes(parameter.data))}`);
  }
  return sha256(new TextEncoder().encode(hashes.join('\n')));
}

const asBytes = (data: Float32Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
