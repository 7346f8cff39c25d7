/**
 * Colours that stand for numbers, as classes: "what the activation adds" (`u3` raised, `d3` lowered) and shares from nothing
 * to all (`h0` … `h10`). The text on each is black or white, whichever reads better.
 * @module
 */
import {
  contrast,
  deltaSteps,
  deltaSwatch,
  hex,
  type Rgb,
  type Scheme,
} from '../../../src/report/palette.js';

/** Class of a step of the palette; none for 0. */
export const deltaClass = (level: number): string =>
  level === 0 ? '' : `${level > 0 ? 'u' : 'd'}${Math.abs(level)}`;

/** Steps from most lowered to most raised, without 0. */
export const deltaLevels: readonly number[] = Array.from(
  { length: 2 * deltaSteps + 1 },
  (_, at) => at - deltaSteps,
).filter((level) => level !== 0);

const heatSteps = 10;

/** Class of a share, 0 … 1. */
export const heatClass = (share: number): string =>
  `h${Math.round(heatSteps * Math.max(0, Math.min(1, share)))}`;

/** From the ground of a table to the full colour of what is inside. */
const heat: Record<Scheme, readonly [Rgb, Rgb]> = {
  light: [
    [241, 244, 247],
    [18, 92, 76],
  ],
  dark: [
    [34, 40, 48],
    [98, 200, 170],
  ],
};

function heatRule(scheme: Scheme, step: number): string {
  const [from, to] = heat[scheme];
  const mixed = (channel: 0 | 1 | 2): number =>
    Math.round(from[channel] + ((to[channel] - from[channel]) * step) / heatSteps);
  const background: Rgb = [mixed(0), mixed(1), mixed(2)];
  const black: Rgb = [0, 0, 0];
  const white: Rgb = [255, 255, 255];
  const text = contrast(background, white) > contrast(background, black) ? white : black;
  return `[data-scheme=${scheme}] .h${step}{background:${hex(background)};color:${hex(text)}}`;
}

function deltaRule(scheme: Scheme, level: number): string {
  const { background, text } = deltaSwatch(level, scheme);
  return `[data-scheme=${scheme}] .${deltaClass(level)}{background:${hex(background)};color:${hex(text)}}`;
}

/** Adds the classes to the page. A constructed sheet needs no exception from a content security policy. */
export function addColours(): void {
  const rules = (['light', 'dark'] as const).flatMap((scheme) => [
    ...deltaLevels.map((level) => deltaRule(scheme, level)),
    ...Array.from({ length: heatSteps + 1 }, (_, step) => heatRule(scheme, step)),
  ]);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules.join('\n'));
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
