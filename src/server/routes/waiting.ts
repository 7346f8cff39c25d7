/**
 * What requests that wait for their turn are told, and when none is taken any more.
 * @module
 */
import { type Queue, QueueFullError } from '../../jobs/queue.js';
import { limits } from '../contract/index.js';
import { type Send } from '../event-stream.js';
import { type Preparation } from '../preparation.js';

/** @throws QueueFullError when too many are waiting: as a status, before a stream has begun */
export function expectRoom(queue: Queue): void {
  if (queue.waiting() >= limits.waiting)
    throw new QueueFullError(`${limits.waiting} requests are waiting already: try again in a moment.`);
}

/** Tells a stream how many jobs are before it; and, of a reading, that its site's graphs are still to be compiled. */
export const tellPlace =
  (send: Send, preparation?: Preparation, caseId = '', site = '') =>
  (ahead: number): void => {
    const preparing =
      ahead > 0 || preparation?.isReady(caseId, site) !== false
        ? null
        : 'The first reading at this site: its graphs are being compiled.';
    send('queued', JSON.stringify({ ahead, preparing }));
  };
