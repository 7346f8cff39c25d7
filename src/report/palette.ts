/**
 * Colours for "what the activation adds to a token": `p(token | z) − p(token | z_BOS)`, −1 … 1. Raised is blue,
 * lowered is red-orange: the pair that people with the common colour-vision deficiencies tell apart. Colours come in
 * steps, so that the text on each is known to be readable and a page holds a dozen rules, not thousands of styles.
 * @module
 */

/** Steps on each side of nothing. */
export const deltaSteps = 6;

/** A smaller difference than this is not coloured: sampling models move every token a little. */
const unnoticed = 0.05;

/** Light and dark surroundings. */
export type Scheme = 'light' | 'dark';

/** Red, green, blue, 0 … 255. */
export type Rgb = readonly [number, number, number];

/** A background with the text colour that reads on it. */
export interface Swatch {
  readonly background: Rgb;
  readonly text: Rgb;
}

const paper: Record<Scheme, Rgb> = { light: [255, 255, 255], dark: [27, 31, 38] };
const raised: Record<Scheme, Rgb> = { light: [22, 92, 176], dark: [106, 176, 255] };
const lowered: Record<Scheme, Rgb> = { light: [201, 74, 12], dark: [255, 140, 84] };
const black: Rgb = [0, 0, 0];
const white: Rgb = [255, 255, 255];

/**
 * The step of a difference: 0 for none worth showing, 1 … 6 raised, −1 … −6 lowered. What is not a number, or not judged, is
 * none.
 * @example deltaLevel(0.4) // 3
 */
export function deltaLevel(delta: number | null): number {
  if (delta === null) return 0;
  const size = Math.min(1, Math.abs(delta));
  return size >= unnoticed ? Math.sign(delta) * Math.ceil(size * deltaSteps) : 0;
}

/** Colours of a step on a page. Text is black or white, whichever stands out more: a contrast of 4.5 at the least. */
export function deltaSwatch(level: number, scheme: Scheme): Swatch {
  const end = level > 0 ? raised[scheme] : lowered[scheme];
  const share = level === 0 ? 0 : 0.1 + (0.9 * Math.abs(level)) / deltaSteps;
  const mixed = (channel: 0 | 1 | 2): number =>
    Math.round(paper[scheme][channel] * (1 - share) + end[channel] * share);
  const background: Rgb = [mixed(0), mixed(1), mixed(2)];
  return { background, text: contrast(background, white) > contrast(background, black) ? white : black };
}

/** `#rrggbb`. */
export const hex = (color: Rgb): string =>
  `#${color.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;

/** Contrast ratio of two colours, 1 … 21, as the Web Content Accessibility Guidelines 2 define it. */
export function contrast(one: Rgb, other: Rgb): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(color: Rgb): number {
  const linear = (channel: number): number => {
    const value = channel / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(color[0]) + 0.7152 * linear(color[1]) + 0.0722 * linear(color[2]);
}

/** Of the 256 colours of a terminal: backgrounds of the steps 1 … 6. The first four carry black text. */
const terminalRaised = [189, 153, 111, 69, 27, 20];
const terminalLowered = [223, 216, 209, 202, 160, 124];
const lightSteps = 4;

/**
 * Paints text for a terminal; text without a step is left as it is. Both background and text are set, so that it
 * reads on a light and on a dark terminal alike.
 */
export function paintDelta(text: string, level: number): string {
  const background = (level > 0 ? terminalRaised : terminalLowered)[Math.abs(level) - 1];
  if (background === undefined) return text;
  const foreground = Math.abs(level) <= lightSteps ? 16 : 231;
  return `\u001b[38;5;${foreground};48;5;${background}m${text}\u001b[0m`;
}
