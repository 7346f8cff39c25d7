/**
 * Bounds, for the page: no library is loaded by this file.
 * @module
 */
export { limits, namePattern } from '../../workbench/limits.js';
