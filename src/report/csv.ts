/**
 * Tables as comma-separated values (RFC 4180), for spreadsheets and statistics programs.
 * @module
 */

/** What a field may hold; null is an empty field. */
export type Field = string | number | boolean | null;

/** One line a row under a line of names; numbers with all their digits. */
export function csv(rows: readonly Readonly<Record<string, Field>>[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [names.map(quoted), ...rows.map((row) => names.map((name) => quoted(row[name] ?? null)))];
  return lines.map((line) => `${line.join(',')}\n`).join('');
}

function quoted(field: Field): string {
  const text = field === null ? '' : String(field);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
