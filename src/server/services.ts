/**
 * What the routes work with.
 * @module
 */
import { type Queue } from '../jobs/queue.js';
import { type SavedReadings } from '../jobs/saved-readings.js';
import { type Trainings } from '../jobs/trainings.js';
import { type KeptReading } from './contract/index.js';
import { type Preparation } from './preparation.js';
import { type WorkbenchThread } from './workbench/thread.js';

/** What the routes work with. */
export interface Services {
  readonly version: string;
  readonly workbench: WorkbenchThread;
  /** Heavy work, one at a time. */
  readonly queue: Queue;
  readonly preparation: Preparation;
  readonly trainings: Trainings;
  readonly readings: SavedReadings<KeptReading>;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}
