/**
 * The verbs and their addresses: routes of the server, calls of the client and messages of a worker are made from this
 * list. It loads no library, so that a page can have it; `table.ts` holds what the verbs do.
 *
 * Parts of an address are named as in a route: `:id` in the path (with a pattern in braces where only some are taken),
 * `?case&seed` in the query. Bodies are JSON (`Content-Type: application/json`), and unknown fields are refused. What is
 * not 2xx comes with a `Failure` (`problems.ts`). Streams are `text/event-stream`: each event has a name and one line of
 * JSON; lines that begin with a colon are to be skipped.
 * @module
 */
import { limits } from './limits.js';

/** What comes back: JSON, JSON with status 201, a stream of events, a text of another type, a file, or status 204. */
export type Gives = 'json' | 'created' | 'events' | 'text' | 'file' | 'nothing';

/** One verb of the list. */
export interface Listed {
  /** Method and path under `/api`. */
  readonly at: string;
  readonly gives: Gives;
  /** Bytes of a body; `limits.body` unless given. */
  readonly most?: number;
}

/** The list; a client's functions have these names. */
export const verbs = {
  status: { at: 'GET /status', gives: 'json' },
  cases: { at: 'GET /cases', gives: 'json' },
  /** Ids of directories hold slashes: encodeURIComponent. */
  case: { at: 'GET /cases/:id', gives: 'json' },
  random: { at: 'GET /random?case&seed', gives: 'json' },
  inspect: { at: 'POST /inspect', gives: 'json' },
  attention: { at: 'POST /attention', gives: 'json' },

  read: { at: 'POST /read', gives: 'events' },
  used: { at: 'POST /used', gives: 'events' },
  controls: { at: 'POST /controls', gives: 'events' },
  judge: { at: 'POST /judge', gives: 'json' },
  overview: { at: 'POST /overview', gives: 'events' },
  interpret: { at: 'POST /interpret', gives: 'events' },
  bits: { at: 'POST /bits', gives: 'events' },
  completeness: { at: 'POST /completeness', gives: 'events' },
  exactPlan: { at: 'POST /exact-set/plan', gives: 'json' },
  exactSet: { at: 'POST /exact-set', gives: 'events' },
  exactUsed: { at: 'POST /exact-set/used', gives: 'events' },
  exactControls: { at: 'POST /exact-set/controls', gives: 'events' },

  contrast: { at: 'POST /contrast', gives: 'json' },
  experiments: { at: 'GET /experiments?case', gives: 'json' },
  sweep: { at: 'POST /sweep', gives: 'events' },
  sweepFigure: { at: 'POST /sweep/figure', gives: 'text', most: limits.sweepBody },
  patch: { at: 'POST /patch', gives: 'events' },
  experiment: { at: 'POST /experiment', gives: 'events' },
  attribution: { at: 'POST /attribution', gives: 'events' },

  models: { at: 'GET /models', gives: 'json' },
  describeModel: { at: 'POST /models/describe', gives: 'events' },

  savedReadings: { at: 'GET /readings', gives: 'json' },
  openReading: { at: 'GET /readings/:name', gives: 'json' },
  saveReading: { at: 'PUT /readings/:name?replace', gives: 'created', most: limits.readingBody },
  deleteReading: { at: 'DELETE /readings/:name', gives: 'nothing' },
  export: { at: 'POST /export', gives: 'file', most: limits.readingBody },
  import: { at: 'POST /import', gives: 'json', most: limits.readingBody },

  trainings: { at: 'GET /trainings', gives: 'json' },
  training: { at: 'GET /trainings/:name', gives: 'json' },
  startTraining: { at: 'POST /trainings', gives: 'created' },
  steerTraining: { at: 'POST /trainings/:name/:what{pause|resume|stop}', gives: 'json' },
  watchTraining: { at: 'GET /trainings/:name/watch', gives: 'events' },
} as const satisfies Readonly<Record<string, Listed>>;

/** An address taken apart. */
export interface Address {
  readonly method: string;
  /** As a route of the server: `/cases/:id`. */
  readonly path: string;
  /** Names of the parts of the path and of the query. */
  readonly inPath: readonly string[];
  readonly inQuery: readonly string[];
  readonly hasBody: boolean;
}

/** Takes an address apart. */
export function addressOf(at: string): Address {
  const [method = '', whole = ''] = at.split(' ');
  const [path = '', query = ''] = whole.split('?');
  return {
    method,
    path,
    inPath: Array.from(path.matchAll(/:(\w+)/g), ([, name = '']) => name),
    inQuery: query === '' ? [] : query.split('&'),
    hasBody: method === 'POST' || method === 'PUT',
  };
}
