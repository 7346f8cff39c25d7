/**
 * Figures as they are sent.
 * @module
 */
import { z } from 'zod';
import { type Figure, figureSvg } from '../report/plots/figure.js';
import { type Theme, themes } from '../report/plots/theme.js';

/** A figure in the colours of light and of dark pages, as SVG. */
export const figureSchema = z.object({ light: z.string(), dark: z.string() });

/** A figure in the colours of light and of dark pages. */
export const bothSchemes = (figure: (theme: Theme) => Figure): { light: string; dark: string } => ({
  light: figureSvg(figure(themes.light), { theme: themes.light }),
  dark: figureSvg(figure(themes.dark), { theme: themes.dark }),
});
