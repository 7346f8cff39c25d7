/**
 * Sizes of files and memory in words.
 * @module
 */

/**
 * Bytes as people read them.
 * @example sizeText(538_060_416) // '513 MiB'
 */
export const sizeText = (bytes: number): string =>
  bytes < 2 ** 20
    ? `${(bytes / 2 ** 10).toFixed(0)} KiB`
    : bytes < 2 ** 30
      ? `${(bytes / 2 ** 20).toFixed(0)} MiB`
      : `${(bytes / 2 ** 30).toFixed(2)} GiB`;
