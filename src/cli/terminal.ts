/**
 * How a report is to look where it is printed: colour, and columns of a line.
 * @module
 */

/** Columns beyond which a report only grows emptier: a whole input of the longest task fits. */
const widest = 120;
/** Columns of a line where nothing says how many there are: into a file or a pipe. */
const unknown = 100;

/** The part of a stream that a look depends on. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** Whether a terminal has so many colours; it heeds TERM and its kin. */
  hasColors?(count: number): boolean;
}

/**
 * Colour on a terminal of 256 colours, unless `NO_COLOR` is set to anything; where `FORCE_COLOR` is set, into a pipe
 * too. `COLUMNS` gives the width where the stream does not know it.
 */
export function styleFor(
  stream: Output,
  environment: Readonly<Record<string, string | undefined>>,
): { color: boolean; width: number } {
  const set = (name: string): boolean => (environment[name] ?? '') !== '';
  const forced = set('FORCE_COLOR') && environment['FORCE_COLOR'] !== '0';
  const able = stream.isTTY === true && (stream.hasColors?.(256) ?? false);
  const given = Number(environment['COLUMNS']);
  const columns = stream.columns ?? (Number.isInteger(given) && given > 0 ? given : unknown);
  return { color: !set('NO_COLOR') && (forced || able), width: Math.min(columns, widest) };
}

const grouped = (count: number): string => count.toLocaleString('en');

/**
 * Shows on stderr how far something is, where that is a terminal, at most ten times a second.
 * @param what what is counted, or nothing where it is said at each call
 * @param shown a count as people read it
 */
export function progress(
  what: string,
  shown: (count: number) => string = grouped,
): (done: number, all: number, what?: string) => void {
  let last = 0;
  return (done, all, own = what) => {
    if (!process.stderr.isTTY) return;
    const now = performance.now();
    if (done < all && now - last < 100) return;
    last = now;
    process.stderr.write(done < all ? `\r\u001b[K${shown(done)} of ${shown(all)} ${own}` : '\r\u001b[K');
  };
}
