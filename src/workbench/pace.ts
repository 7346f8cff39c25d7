/**
 * How fast inputs of a case have been run, for a word on how long others will take. A run stops at the site that it is
 * for: of so many layers it takes so large a part.
 * @module
 */
import { type OpenCase } from './open-cases.js';

/** Seconds before a measured pace means something. */
const shortest = 0.5;

/** The pace of a case. */
export interface Pace {
  /** Notes that so many inputs were run up to a site, in so many seconds. */
  note(site: string, inputs: number, seconds: number): void;
  /** Seconds that so many inputs will take; null before anything was noted. */
  secondsFor(site: string, inputs: number): number | null;
}

function createPace({ model }: OpenCase): Pace {
  /** Seconds an input takes in one layer. */
  let each: number | null = null;
  const layers = (site: string): number =>
    Math.min(model.architecture.layers, Number(/\d+/.exec(site)?.[0] ?? 0) + 1);
  return {
    note(site, inputs, seconds) {
      if (seconds >= shortest && inputs > 0) each = seconds / inputs / layers(site);
    },
    secondsFor: (site, inputs) => (each === null ? null : each * layers(site) * inputs),
  };
}

/** The pace of a case, noted by whoever runs inputs. */
export const paceOf = (own: OpenCase): Pace => own.part(createPace, undefined);
