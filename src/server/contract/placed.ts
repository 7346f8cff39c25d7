/**
 * Where a sample has the place that its query is asked about: for the page, as it is in a saved reading. No library is
 * loaded by this file.
 * @module
 */
export { indexOfPlace } from '../../inversion/placed.js';
