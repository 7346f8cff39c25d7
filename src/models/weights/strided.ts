/**
 * Views with strides. A stored tensor may be a transpose or a slice of a larger array: its elements then lie apart,
 * and are gathered into row-major order.
 * @module
 */

/** A view of a flat array, in elements. */
export interface Strided {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
}

/** One past the last element that a view reaches; 0 for a view of nothing. */
export function reach({ offset, shape, stride }: Strided): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((last, size, axis) => last + (size - 1) * (stride[axis] ?? 0), offset) + 1;
}

/** Whether a view's elements already lie side by side in row-major order; axes of size 1 may have any stride. */
export function isRowMajor({ shape, stride }: Strided): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    if (size === 0) return true;
    if (size > 1 && stride[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}

/**
 * Copies a view into row-major order.
 * @param span the bytes from the view's first element to its last
 * @param size bytes per element
 * @example gather(bytes, { offset: 0, shape: [3, 2], stride: [1, 3] }, 4) // a transpose of [2, 3]
 */
export function gather(
  span: Uint8Array,
  { shape, stride }: Pick<Strided, 'shape' | 'stride'>,
  size: number,
): Uint8Array<ArrayBuffer> {
  const gathered = new Uint8Array(shape.reduce((product, length) => product * length, size));
  const index = shape.map(() => 0);
  let from = 0; // in elements of the span
  for (let to = 0; to < gathered.length; to += size) {
    for (let byte = 0; byte < size; byte++) gathered[to + byte] = span[from * size + byte] ?? 0;
    // Count up like an odometer, the last axis fastest.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const length = shape[axis] ?? 1;
      const step = stride[axis] ?? 0;
      const next = (index[axis] ?? 0) + 1;
      if (next < length) {
        index[axis] = next;
        from += step;
        break;
      }
      index[axis] = 0;
      from -= step * (length - 1);
    }
  }
  return gathered;
}
