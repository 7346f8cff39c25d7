/**
 * What the verbs of the list do. Those of models need a bench, which computes and so has a thread or a worker of its own;
 * the others need files and processes alone. A worker of a page has the former and, without a server, none of the latter.
 * @module
 */
import { type Bench } from './bench.js';
import { type Verb } from './verb.js';
import { attributionVerbs } from './verbs/attribution.js';
import { bitsVerbs } from './verbs/bits.js';
import { caseVerbs } from './verbs/cases.js';
import { completenessVerbs } from './verbs/completeness.js';
import { controlsVerbs } from './verbs/controls.js';
import { contrastVerbs } from './verbs/contrast.js';
import { exactVerbs } from './verbs/exact.js';
import { experimentVerbs } from './verbs/experiments.js';
import { inspectVerbs } from './verbs/inspect.js';
import { interpretVerbs } from './verbs/interpret.js';
import { judgeVerbs } from './verbs/judge.js';
import { type ModelShelf, modelVerbs } from './verbs/models.js';
import { overviewVerbs } from './verbs/overview.js';
import { patchVerbs } from './verbs/patch.js';
import { readVerbs } from './verbs/read.js';
import { type SavedReadings, readingVerbs } from './verbs/readings.js';
import { sweepVerbs } from './verbs/sweep.js';
import { type Trainings, trainingVerbs } from './verbs/trainings.js';
import { usedVerbs } from './verbs/used.js';

/** Verbs of models. */
export const benchVerbs = {
  ...caseVerbs,
  ...inspectVerbs,
  ...readVerbs,
  ...judgeVerbs,
  ...overviewVerbs,
  ...interpretVerbs,
  ...bitsVerbs,
  ...completenessVerbs,
  ...exactVerbs,
  ...usedVerbs,
  ...controlsVerbs,
  ...contrastVerbs,
  ...sweepVerbs,
  ...patchVerbs,
  ...experimentVerbs,
  ...attributionVerbs,
  ...modelVerbs,
} satisfies Readonly<Record<string, Verb<Bench & { readonly shelf: ModelShelf }>>>;

/** Verbs of files and processes. */
export const fileVerbs = { ...readingVerbs, ...trainingVerbs } satisfies Readonly<
  Record<string, Verb<{ readonly readings: SavedReadings; readonly trainings: Trainings }>>
>;

/** All of them by name, for the types of their requests and answers. */
export type Verbs = typeof benchVerbs & typeof fileVerbs;
