import { describe, expect, it } from 'vitest';
import { meetingsTask } from '../../test/fixtures/template-models.js';
import { thresholdAt } from './epsilon.js';
import { heldTask } from './held-task.js';

describe('thresholdAt', async () => {
  const plain = await meetingsTask();
  const [site = '', other = ''] = plain.sites;
  const task = { ...plain, epsilons: [{ site, place: 'END', epsilon: 0.42 }] };

  it('takes what is given, then what was chosen for site and place, then the task’s', () => {
    expect(thresholdAt(task, site, 'END', { epsilon: 0 })).toEqual({
      epsilon: 0,
      metric: 'euclidean',
      epsilonFrom: 'given',
    });
    expect(thresholdAt(task, site, 'END')).toMatchObject({ epsilon: 0.42, epsilonFrom: 'curve' });
    for (const [at, place] of [
      [other, 'END'],
      [site, 'S1'],
      [site, null],
    ] as const)
      // prettier-ignore
      expect(thresholdAt(task, at, place)).toMatchObject({ epsilon: 0.3, epsilonFrom: 'task' });
    expect(thresholdAt(plain, site, 'END')).toMatchObject({ epsilon: 0.3, epsilonFrom: 'task' });
  });

  it('was chosen in the task’s metric and counts in no other', () => {
    expect(thresholdAt(task, site, 'END', { metric: 'cosine' })).toEqual({
      epsilon: 0.3,
      metric: 'cosine',
      epsilonFrom: 'task',
    });
  });

  it('is the same where some parts are held', () => {
    const held = heldTask(task, task.encode('Ann and Bo in Oslo. Ann met Bo'));
    expect(thresholdAt(held, site, 'END').epsilon).toBe(0.42);
  });
});
