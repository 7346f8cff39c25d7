/**
 * A reading as it is saved and sent: all samples with their distances and colours.
 * @module
 */
import type { OwnInput } from '../../../src/inversion/saved-reading.js';
import type { SavedReading } from '../../../src/workbench/verbs/readings.js';
import type { ViewAt } from '../state/pane.svelte.js';
import type { Shown } from './run.svelte.js';

/** What is saved of a reading that is shown under a view. */
export function savedOf(
  { request, query, samples, metrics, stated }: Shown,
  { metric, epsilon, alsoAt }: ViewAt,
  own: readonly OwnInput[],
): SavedReading {
  const view = { metric, epsilon, ...(alsoAt === null ? {} : { alsoAt }) };
  const { task, input, tokens, position, place, site, short, attention, warnings } = query;
  const { model, decoder, annotation, seed } = query;
  return {
    format: 'inversionview-reading',
    version: 1,
    request:
      request === null
        ? null
        : {
            ...request,
            seed: request.seed ?? 1,
            temperature: request.temperature ?? null,
            noise: request.noise ?? null,
          },
    query: {
      task,
      input,
      tokens,
      position,
      place,
      site,
      short,
      attention,
      warnings,
      model,
      decoder,
      annotation,
      seed,
      ...(query.places === undefined ? {} : { places: query.places }),
    },
    view,
    metrics: [...metrics],
    samples: samples.list.map((sample, number) => {
      const colours = samples.colours[number];
      return {
        ...sample,
        count: samples.counts[number] ?? 1,
        tokenDelta: colours === undefined ? null : [...colours.deltas],
        ...(colours === undefined ? {} : { follows: [...colours.follows] }),
      };
    }),
    ...(own.length === 0 ? {} : { own: [...own] }),
    stated:
      stated === null
        ? null
        : {
            candidates: stated.candidates,
            inside: stated.inside,
            invalid: stated.invalid,
            distinct: stated.distinct,
          },
  };
}

/** A file's name for a reading: `addition-615+861=1476-a0.0-=`, of characters that every file system takes. */
export function fileName({ task, input, short, place, position }: Shown['query']): string {
  const cut = input.length > 40 ? `${input.slice(0, 40)}_` : input;
  const name = `${task}-${cut}-${short}-${place ?? position}`;
  return name.replace(/[^A-Za-z0-9 ._+=-]/g, '_').replace(/[. ]+$/, '');
}
