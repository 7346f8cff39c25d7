/**
 * The "+" check: does addition keep anything of an input at its plus sign?
 * @module
 */
import { type AblationCheck } from '../../causal/ablation-check.js';
import { addition } from './task.js';

/** The residual stream at the plus sign after layer 0, replaced by its mean. */
export const plusCheck: AblationCheck = {
  name: 'plus',
  task: addition,
  about: 'x0.post at + replaced by its mean; KL and logit loss where the answer is predicted',
  site: 'x0.post',
  place: '+',
  reads: ['=', 'A1', 'A2', 'A3'],
};
