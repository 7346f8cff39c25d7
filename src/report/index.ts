/**
 * Reports: readings and results of patching as a person sees them, in a terminal, on a page, or in the published web
 * app. Figures are in `inversionview/report/plots`.
 * @example
 * import { renderHtml, renderTerminal } from 'inversionview/report';
 * console.log(renderTerminal(reading, { color: true, width: 80 }));
 * @module
 */
export { type Field, csv } from './csv.js';
export { renderHtml, readingElement } from './html.js';
export { type ImportedReading, importReading } from './import-reading.js';
export { type Rgb, type Scheme, type Swatch, deltaLevel, deltaSteps, deltaSwatch } from './palette.js';
export {
  type TableOptions,
  renderAblation,
  renderAttribution,
  renderOrders,
  renderSets,
  renderSweep,
} from './patching.js';
export { attributionRows, patchRows } from './patching-rows.js';
export { type AttentionPattern, type ExportedFile, exportStreamlit, viewerPositions } from './streamlit.js';
export { exampleRoots, placeholderName, placeholdersOf } from './streamlit-placeholder.js';
export { type TerminalOptions, renderTerminal } from './terminal.js';
