/**
 * The look that all figures share. Colours can be distinguished with the common colour-vision deficiencies and keep their
 * order in grey; blue is more, red-orange is less, as on coloured tokens.
 * @module
 */
import { type Scheme } from '../palette.js';

/** Colours and letters of a figure. */
export interface Theme {
  /** Behind everything; `none` lets a page show through. */
  readonly paper: string;
  /** Text and axes. */
  readonly ink: string;
  /** Second text: captions, ticks. */
  readonly muted: string;
  /** Lines that guide the eye. */
  readonly rule: string;
  /** For kinds of things, in this order. */
  readonly series: readonly string[];
  /** What was raised, and what was lowered. */
  readonly more: string;
  readonly less: string;
  /** The middle of a scale that goes both ways. */
  readonly nothing: string;
}

/**
 * Letters of figures: what papers and pages have, and what is there where neither is. No quotes: resvg, which makes the
 * PNGs, does not find a quoted name.
 */
export const fontFamily = 'Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif';
/** Of ticks and labels, in pixels. */
export const fontSize = 12;

/** Okabe and Ito's colours, blue and vermilion first. */
const light = ['#1f66b5', '#c9500c', '#0a8f6c', '#b4578f', '#5a6472', '#b98500'];
const dark = ['#6ab0ff', '#ff8c54', '#2fc79b', '#e38fc4', '#a7b0bd', '#f0bf45'];

/** Figures on paper, on a dark page, and inside a page whose own colours they take. */
export const themes: Readonly<Record<Scheme | 'page', Theme>> = {
  light: {
    paper: '#ffffff',
    ink: '#1b1f26',
    muted: '#596170',
    rule: '#d9dde3',
    series: light,
    more: '#165cb0',
    less: '#c94a0c',
    nothing: '#f4f5f7',
  },
  dark: {
    paper: '#1b1f26',
    ink: '#e8eaed',
    muted: '#a7b0bd',
    rule: '#3a414c',
    series: dark,
    more: '#6ab0ff',
    less: '#ff8c54',
    nothing: '#2a303a',
  },
  page: {
    paper: 'none',
    ink: 'currentColor',
    muted: 'currentColor',
    rule: 'rgba(128, 128, 128, 0.35)',
    series: light,
    more: '#165cb0',
    less: '#c94a0c',
    nothing: '#f4f5f7',
  },
};

/** Letters on a cell of a strong colour. */
export const onStrong = (theme: Theme): string => (theme.paper === themes.dark.paper ? '#10141a' : '#ffffff');
