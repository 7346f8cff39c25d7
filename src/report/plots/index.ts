/**
 * Figures as SVG, fit for a paper. How to add one:
 *
 * - `theme.ts`: colours, letters and sizes that all figures share.
 * - `figure.ts`: {@link figureSvg}, from panels (options of Observable Plot) to one SVG with title and caption. Plot's
 *   types stay out of what is exported.
 * - `captions.ts`: sentences that figures of one kind share.
 * - one file a figure (`increments.ts`, `sweep.ts`, `attribution.ts`), each a function from plain data to a
 *   {@link Figure}, so that saved data can be drawn again and a page can draw it in its own colours.
 * @module
 */
export { attentionFigure } from './attention.js';
export { attributionFigure } from './attribution.js';
export { bitsFigure } from './bits.js';
export { completenessFigure, completenessGrid } from './completeness.js';
export { curveFigure } from './curve.js';
export { type Figure, type FigureOptions, type Panel, figureSvg } from './figure.js';
export { headMapFigure } from './head-map.js';
export { headsFigure } from './heads.js';
export { incrementsFigure } from './increments.js';
export { profileFigure } from './profile.js';
export { sweepFigure } from './sweep.js';
export { type Theme, fontFamily, fontSize, themes } from './theme.js';
