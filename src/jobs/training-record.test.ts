import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { markOf, markText } from './process-mark.js';
import { putRecord, readPoints, readRecord, recordTraining, recordedProcess } from './training-record.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'inversionview-record-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const about = { kind: 'model', model: null, processing: 'transformerlens' } as const;
const steps = 100;
const at = (step: number, loss: number, figures?: Record<string, number>) => ({
  step,
  steps,
  loss,
  seconds: step,
  ...(figures === undefined ? {} : { figures }),
});

describe('a record', () => {
  it('names its process from the beginning on, and says how it ended', async () => {
    const recorder = recordTraining(directory, about);
    recorder.pausing();
    recorder.end('failed', 'before it began');
    expect(existsSync(join(directory, 'run.json'))).toBe(false);
    recorder.begin();
    expect(await readRecord(directory)).toEqual({
      record: { ...about, pid: process.pid, process: markText(markOf()), state: 'running', message: null },
      alive: true,
    });
    recorder.pausing();
    expect((await readRecord(directory))?.record.state).toBe('pausing');
    recorder.end('failed', 'the disk is full');
    expect((await readRecord(directory))?.record).toMatchObject({
      state: 'failed',
      message: 'the disk is full',
    });
  });

  it('has a point a second at most, each with the mean loss since the last, and every evaluation', async () => {
    const recorder = recordTraining(directory, about);
    recorder.begin();
    recorder.progress(at(1, 4));
    for (let step = 2; step <= 9; step++) recorder.progress(at(step, step));
    // The loss that comes with an evaluation is a mean over more than the steps since the last point.
    recorder.progress(at(10, 99, { accuracy: 0.5 }));
    recorder.end('finished');
    const { points } = await readPoints(directory);
    expect(points.map(({ step, loss, figures }) => [step, loss, figures])).toEqual([
      [1, 4, undefined],
      [10, 5.5, { accuracy: 0.5 }],
    ]);
  });

  it('drops the points of steps that are taken again', async () => {
    const first = recordTraining(directory, about);
    for (const step of [1, 2, 3, 4]) first.progress(at(step, 1, {}));
    first.end('paused');
    const second = recordTraining(directory, about);
    second.progress(at(3, 7, {}));
    second.end('paused');
    expect((await readPoints(directory)).points.map(({ step, loss }) => [step, loss])).toEqual([
      [1, 1],
      [2, 1],
      [3, 7],
    ]);
  });

  it('of a process that is gone is not alive, nor one without a sign of life', async () => {
    putRecord(directory, { ...about, pid: 2 ** 22 + 1, state: 'running', message: null });
    expect((await readRecord(directory))?.alive).toBe(false);
    putRecord(directory, { ...about, pid: process.pid, state: 'running', message: null });
    expect((await readRecord(directory))?.alive).toBe(true);
    // Another process may have been given its number since.
    utimesSync(join(directory, 'run.json'), 1, 1);
    expect((await readRecord(directory))?.alive).toBe(false);
    // One that says when its process started needs no sign of life, and a later process of its number is not it.
    putRecord(directory, { ...about, ...recordedProcess(), state: 'running', message: null });
    const mark = markText(markOf());
    const later = mark.replace(/-\d+-/, '-7-');
    expect(later).not.toBe(mark);
    putRecord(directory, { ...about, pid: process.pid, process: later, state: 'running', message: null });
    expect((await readRecord(directory))?.alive).toBe(false);
  });

  it('that is damaged is none', async () => {
    expect(await readRecord(directory)).toBeNull();
    for (const text of ['', '{', '{}', '{"kind":"model","pid":-1}']) {
      writeFileSync(join(directory, 'run.json'), text);
      expect(await readRecord(directory)).toBeNull();
    }
  });

  it('that cannot be written does not end the training', () => {
    rmSync(directory, { recursive: true });
    const recorder = recordTraining(directory, about);
    expect(() => {
      recorder.begin();
      recorder.progress(at(1, 1));
      recorder.end('finished');
    }).not.toThrow();
  });
});

describe('points', () => {
  it('are read from where the last look ended, whole lines alone', async () => {
    const path = join(directory, 'progress.jsonl');
    const line = (step: number): string => `${JSON.stringify(at(step, 1))}\n`;
    expect(await readPoints(directory)).toEqual({ points: [], end: 0 });
    writeFileSync(path, `${line(1)}${line(2)}${line(3).slice(0, 9)}`);
    const first = await readPoints(directory);
    expect(first.points.map(({ step }) => step)).toEqual([1, 2]);
    appendFileSync(path, `${line(3).slice(9)}not a point\n${line(4)}`);
    const second = await readPoints(directory, first.end);
    expect(second.points.map(({ step }) => step)).toEqual([3, 4]);
    expect(second.end).toBe(readFileSync(path).length);
    writeFileSync(path, line(1));
    expect(await readPoints(directory, second.end)).toEqual({ points: [], end: 0 });
  });
});
