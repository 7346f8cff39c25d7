import { describe, expect, it } from 'vitest';
import { graph, input } from '../graph.js';
import { neg } from '../ops/elementwise.js';
import { GraphError } from '../shape.js';
import { type Session, type Tensors, executable, floatsOf, outputOf } from './runtime.js';

const built = graph({ y: neg(input('x', 'float32', [1])) });
const x = { dtype: 'float32', shape: [1], data: Float32Array.of(3) } as const;

/** A session that ends its runs when it is told to, and writes down what it is asked. */
function slowSession(): { session: Session; log: string[]; end(error?: Error): void } {
  const log: string[] = [];
  const waiting: ((error?: Error) => void)[] = [];
  const session: Session = {
    run(inputs) {
      log.push('run');
      return new Promise<Tensors>((resolve, reject) => {
        waiting.push((error) => (error === undefined ? resolve(inputs) : reject(error)));
      });
    },
    release() {
      log.push('release');
      return Promise.resolve();
    },
  };
  return { session, log, end: (error) => waiting.splice(0).forEach((finish) => finish(error)) };
}

describe('executable', () => {
  it('does not bother the session with feeds that do not fit', async () => {
    const { session, log } = slowSession();
    await expect(executable(built, session).run({})).rejects.toThrow(GraphError);
    expect(log).toEqual([]);
  });

  it('releases once, after the runs under way, also where they fail', async () => {
    const { session, log, end } = slowSession();
    const { run, dispose } = executable(built, session);
    const failing = run({ x });
    const gone = Promise.all([dispose(), dispose()]);
    await Promise.resolve();
    expect(log).toEqual(['run']);
    end(new Error('device lost'));
    await expect(failing).rejects.toThrow('device lost');
    await gone;
    expect(log).toEqual(['run', 'release']);
    await expect(run({ x })).rejects.toThrow('run: the executable has been disposed');
  });

  it('releases at once where nothing runs', async () => {
    const { session, log, end } = slowSession();
    const { run, dispose } = executable(built, session);
    const done = run({ x });
    end();
    await done;
    await dispose();
    expect(log).toEqual(['run', 'release']);
  });
});

describe('outputs', () => {
  it('are asked for by name and type', () => {
    const outputs: Tensors = { x, n: { dtype: 'int32', shape: [1], data: Int32Array.of(3) } };
    expect(outputOf(outputs, 'x')).toBe(x);
    expect(floatsOf(outputs, 'x')).toBe(x.data);
    expect(() => outputOf(outputs, 'y')).toThrow(new GraphError('run: the graph has no output "y"'));
    expect(() => floatsOf(outputs, 'n')).toThrow(new GraphError('run: output "n" is not float32'));
  });
});
