/**
 * A page is told all of a round that decides what is drawn.
 */
import { expect, it } from 'vitest';
import { type SamplingRound } from '../tasks/task.js';
import { roundSchema } from './case-study.js';

it.each<Required<SamplingRound> | SamplingRound>([
  { temperature: 1, noise: 0, candidates: 64 },
  { temperature: 0.5, noise: 0.1, candidates: 1, noiseKind: 'add' },
  { temperature: 1, noise: 0.25, candidates: 8, noiseKind: 'turn', repeats: 2 },
])('%j is sent whole', (round) => {
  expect(roundSchema.parse(round)).toEqual(round);
});
