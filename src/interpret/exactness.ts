/**
 * What an exact preimage rests on, in words.
 * @module
 */

/** @param total inputs that were run. @param held the parts that vary and are held; null where all inputs were run */
export function exactness(
  total: number,
  held: { readonly varying: readonly string[]; readonly held: readonly string[] } | null,
): string {
  const run = `Exact: each of the ${total.toLocaleString('en')} inputs was run`;
  if (held === null) return `${run}.`;
  const agree = held.held.length === 0 ? '' : ` and agree in ${held.held.join(', ')}`;
  return `${run} that differ in ${held.varying.join(', ')}${agree}.`;
}
