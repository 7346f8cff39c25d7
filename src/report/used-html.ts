/**
 * Used versus contained, and controls, as parts of a page that stands alone.
 * @module
 */
import { type Controls, type Used } from '../inversion/reading-parts.js';
import { escapeHtml } from './escape.js';
import {
  activationNames,
  controlRows,
  controlSentences,
  controlTableTitle,
  controlsTitle,
  decimal,
  shareText,
  usedCurveTitle,
  usedSentences,
  usedTableTitle,
  usedTitle,
} from './used-wording.js';
import { percent, plainNumber } from './wording.js';

/** A cell that stands at the right, as numbers do. */
const number = (text: string): string => `<td class="num">${escapeHtml(text)}</td>`;
const cell = (text: string): string => `<td>${escapeHtml(text)}</td>`;
const sentence = (text: string): string => `<p class="soft note">${escapeHtml(text)}</p>`;

/** A table that scrolls by itself where it is wider than the page. */
const table = (caption: string, heads: readonly string[], rows: readonly string[]): string =>
  `<div class="wide"><table>
<caption>${escapeHtml(caption)}</caption>
<thead><tr>${heads.map((head) => `<th scope="col">${escapeHtml(head)}</th>`).join('')}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${row}</tr>`).join('\n')}
</tbody></table></div>`;

/** What is held and used, feature by feature; empty where it was not asked for. */
export function usedCard(used: Used | undefined): string {
  if (used === undefined) return '';
  type Side = Used['features'][number]['distance'];
  const side = (one: Side): string =>
    one === null
      ? `${cell('–')}${number('–')}`
      : cell(shareText(one)) + number(decimal(Math.max(0, one.bits)));
  const features = used.features.map(
    ({ feature, verdict, distance, effect, of, all }) =>
      `<th scope="row">${escapeHtml(feature)}</th>${cell(verdict)}${side(distance)}${side(effect)}${number(decimal(of))}${number(percent(all, 1))}`,
  );
  const names =
    used.curve.find(({ shares }) => shares.length > 0)?.shares.map(({ feature }) => feature) ?? [];
  const curve = used.curve.map(({ maxKl, inputs, bits, shares }) => {
    const own = names.map((name) => shares.find(({ feature }) => feature === name)?.share);
    return [
      plainNumber(maxKl),
      inputs.toLocaleString('en'),
      bits === null ? '–' : decimal(bits),
      ...own.map((share) => (share === undefined ? '–' : percent(share, 1))),
    ]
      .map(number)
      .join('');
  });
  return `<section class="card"><h2>${escapeHtml(usedTitle)}</h2>
${usedSentences(used).map(sentence).join('\n')}
${table(usedTableTitle, ['feature', 'verdict', 'held', 'bits', 'used', 'bits', 'of', 'all'], features)}
${table(usedCurveTitle, ['KL', 'inside', 'bits', ...names], curve)}</section>`;
}

/** What is read of activations that hold nothing of the query; empty where it was not asked for. */
export function controlsCard(controls: Controls | undefined, epsilon: number): string {
  if (controls === undefined) return '';
  const heads = controls.activations.map(({ activation }) => activationNames[activation]);
  const rows = controlRows(controls).map(
    ({ feature, shares }) => `<th scope="row">${escapeHtml(feature)}</th>${shares.map(cell).join('')}`,
  );
  return `<section class="card"><h2>${escapeHtml(controlsTitle)}</h2>
${controlSentences(controls, epsilon).map(sentence).join('\n')}
${rows.length === 0 ? '' : table(controlTableTitle(controls), ['feature', ...heads], rows)}</section>`;
}
