/**
 * What every adapter owes. The test of each adapter runs this suite on a runtime of its own.
 * @module
 */
import { describe, expect, it } from 'vitest';
import { type Tensor, type Value, apply1, arrayFor, constant, graph, input, scalar } from '../graph.js';
import { gradients } from '../gradients.js';
import { add, mul, relu, sub } from '../ops/elementwise.js';
import { concat, transpose } from '../ops/layout.js';
import { gemm } from '../ops/matmul.js';
import { logSoftmax } from '../ops/normalize.js';
import { reduceSum } from '../ops/reduce.js';
import { type DType, GraphError, type Shape } from '../shape.js';
import { random, toTensor } from '../testing/float64.js';
import { type Executable, type Runtime, floatsOf, outputOf } from './runtime.js';

/** A float32 vector. */
export const floats = (...data: number[]): Tensor => ({
  dtype: 'float32',
  shape: [data.length],
  data: Float32Array.from(data),
});

const pairs: Record<DType, Tensor> = {
  float32: { dtype: 'float32', shape: [2], data: Float32Array.of(0.1, -3e38) },
  int32: { dtype: 'int32', shape: [2], data: Int32Array.of(-5, 2147483647) },
  int64: { dtype: 'int64', shape: [2], data: BigInt64Array.of(-1n, 2n ** 62n) },
  uint32: { dtype: 'uint32', shape: [2], data: Uint32Array.of(1, 4294967295) },
  bool: { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) },
};
const types = Object.keys(pairs) as DType[];

/** Defines the tests that a runtime has to pass. */
export function runtimeContract(runtime: Runtime): void {
  const vector = (name: string, length = 2): Value => input(name, 'float32', [length]);
  const sum = (): Promise<Executable> => runtime.compile(graph({ y: add(vector('a'), vector('b')) }));

  it('has a name for records', () => {
    expect(runtime.name).toMatch(/\S/);
  });

  it('gives every output by name, with its type and shape', async () => {
    const x = input('x', 'float32', [2, 3]);
    const executable = await runtime.compile(graph({ turned: transpose(x, [1, 0]), total: reduceSum(x) }));
    const outputs = await executable.run({
      x: toTensor({ shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) }),
    });
    expect(outputs).toEqual({
      turned: { dtype: 'float32', shape: [3, 2], data: Float32Array.of(1, 4, 2, 5, 3, 6) },
      total: { dtype: 'float32', shape: [], data: Float32Array.of(21) },
    });
    expect(executable.graph.inputs).toEqual([x]);
  });

  it('runs a graph that is fed nothing', async () => {
    const executable = await runtime.compile(graph({ y: add(scalar(1), scalar(2)) }));
    expect([...floatsOf(await executable.run({}), 'y')]).toEqual([3]);
  });

  describe('feeds', () => {
    const refused = async (run: Promise<unknown>, message: string): Promise<void> => {
      await expect(run).rejects.toThrow(new GraphError(message));
    };

    it('are all there, and nothing else', async () => {
      const { run } = await sum();
      await refused(run({ a: floats(1, 2) }), 'run: input "b" [2] is missing');
      await refused(run({}), 'run: input "a" [2] is missing');
      const all = { a: floats(1, 2), b: floats(1, 2) };
      await refused(run({ ...all, c: floats(1) }), 'run: the graph has no input "c"');
      await refused(run({ ...all, y: floats(1, 2) }), 'run: the graph has no input "y"');
    });

    it('have the type and shape of their input, and data that fills it', async () => {
      const { run } = await sum();
      const withB = (b: Tensor): Promise<unknown> => run({ a: floats(1, 2), b });
      await refused(withB(floats(1)), 'run: input "b" is float32[1], the graph has float32[2]');
      await refused(
        withB({ ...floats(1, 2), shape: [1, 2] }),
        'run: input "b" is float32[1, 2], the graph has float32[2]',
      );
      await refused(withB(pairs.int32), 'run: input "b" is int32[2], the graph has float32[2]');
      await refused(
        withB({ ...floats(1, 2, 3), shape: [2] }),
        'input "b": shape [2] needs 2 elements, got 3',
      );
      await refused(
        withB({ ...floats(), data: new Int32Array(2) }),
        'input "b": float32 data must be a Float32Array',
      );
    });

    it('are read, never written', async () => {
      const { run } = await sum();
      const [a, b] = [floats(1, 2), floats(3, 4)];
      await run({ a, b });
      expect([a, b]).toEqual([floats(1, 2), floats(3, 4)]);
    });

    it('may be the same tensor under two names, or a view of a larger buffer', async () => {
      const { run } = await sum();
      const a = floats(1, 2);
      expect([...floatsOf(await run({ a, b: a }), 'y')]).toEqual([2, 4]);
      const view = { ...a, data: Float32Array.of(0, 0, 7, 8, 0).subarray(2, 4) };
      expect([...floatsOf(await run({ a: view, b: a }), 'y')]).toEqual([8, 10]);
    });

    it('that were refused leave the executable as it was', async () => {
      const { run } = await sum();
      await expect(run({ a: floats(1, 2) })).rejects.toThrow(GraphError);
      expect([...floatsOf(await run({ a: floats(1, 2), b: floats(3, 4) }), 'y')]).toEqual([4, 6]);
    });
  });

  describe('tensors to write into', () => {
    const both = (): Promise<Executable> => {
      const a = vector('a');
      return runtime.compile(graph({ twice: mul(a, 2), less: sub(a, 1) }));
    };

    it('get the outputs they are named for; the rest are made anew', async () => {
      const { run } = await both();
      const twice = floats(0, 0);
      const outputs = await run({ a: floats(3, 4) }, { twice });
      expect([...twice.data]).toEqual([6, 8]);
      expect(outputs['twice']).toBe(twice);
      expect([...floatsOf(outputs, 'less')]).toEqual([2, 3]);
    });

    it('are written only where they are: a view leaves its buffer alone', async () => {
      const { run } = await both();
      const buffer = new Float32Array(5).fill(-1);
      await run({ a: floats(3, 4) }, { twice: { ...floats(0, 0), data: buffer.subarray(1, 3) } });
      expect([...buffer]).toEqual([-1, 6, 8, -1, -1]);
    });

    it('can be the next run\u2019s inputs, as in a training', async () => {
      const { run } = await both();
      let [current, spare] = [floats(1, 2), floats(0, 0)];
      for (let i = 0; i < 5; i++) {
        await run({ a: current }, { twice: spare });
        [current, spare] = [spare, current];
      }
      expect([...current.data]).toEqual([32, 64]);
    });

    it('are of the output they are named for', async () => {
      const { run } = await both();
      const a = floats(3, 4);
      const into = (tensors: Record<string, Tensor>): Promise<unknown> => run({ a }, tensors);
      await expect(into({ other: floats(0, 0) })).rejects.toThrow(
        new GraphError('run: the graph has no output "other"'),
      );
      await expect(into({ toString: floats(0, 0) })).rejects.toThrow(
        new GraphError('run: the graph has no output "toString"'),
      );
      await expect(into({ twice: floats(0) })).rejects.toThrow(
        new GraphError('run: output "twice" is float32[1], the graph has float32[2]'),
      );
      await expect(into({ twice: pairs.int32 })).rejects.toThrow(
        new GraphError('run: output "twice" is int32[2], the graph has float32[2]'),
      );
    });

    it('are not read or written twice in a run', async () => {
      const { run } = await both();
      const [a, out] = [floats(3, 4), floats(0, 0)];
      const shared = 'would be written where an input or another output is';
      await expect(run({ a }, { twice: a })).rejects.toThrow(new GraphError(`run: output "twice" ${shared}`));
      await expect(run({ a }, { twice: out, less: out })).rejects.toThrow(
        new GraphError(`run: output "less" ${shared}`),
      );
    });
  });

  describe('elements', () => {
    it.each(types)('of type %s come back as they went in', async (dtype) => {
      const x = input('x', dtype, [2]);
      const executable = await runtime.compile(
        graph({ same: x, joined: concat([x, constant(pairs[dtype])], 0), fixed: constant(pairs[dtype]) }),
      );
      const fed = pairs[dtype];
      const outputs = await executable.run({ x: fed });
      expect(outputs).toEqual({
        same: fed,
        joined: { dtype, shape: [4], data: concatenated(fed, fed) },
        fixed: fed,
      });
    });

    it.each(types)('of type %s are written into tensors', async (dtype) => {
      const x = input('x', dtype, [2]);
      const executable = await runtime.compile(graph({ same: x, turned: transpose(x, [0]) }));
      const blank = (): Tensor => ({ dtype, shape: [2], data: new (arrayFor(dtype))(2) });
      const [same, turned] = [blank(), blank()];
      await executable.run({ x: pairs[dtype] }, { same, turned });
      expect([same, turned]).toEqual([pairs[dtype], pairs[dtype]]);
    });

    it('keep infinities, NaN and the sign of zero', async () => {
      const executable = await runtime.compile(graph({ y: vector('x', 4) }));
      const y = floatsOf(await executable.run({ x: floats(Infinity, -Infinity, NaN, -0) }), 'y');
      expect([...y].map((value) => [value, Object.is(value, -0)])).toEqual([
        [Infinity, false],
        [-Infinity, false],
        [NaN, false],
        [-0, true],
      ]);
    });

    it.each<[Shape]>([[[0]], [[0, 3]], [[2, 0]]])('of no length pass: %j', async (shape) => {
      const executable = await runtime.compile(graph({ y: mul(input('x', 'float32', shape), 2) }));
      const outputs = await executable.run({ x: { dtype: 'float32', shape, data: new Float32Array(0) } });
      expect(outputs['y']).toEqual({ dtype: 'float32', shape, data: new Float32Array(0) });
    });
  });

  it('gives one value under two names, and an input straight back', async () => {
    const a = vector('a');
    const twice = mul(a, 2);
    const executable = await runtime.compile(graph({ one: twice, two: twice, three: a }));
    const into = { two: floats(0, 0), three: floats(0, 0) };
    const outputs = await executable.run({ a: floats(1, 2) }, into);
    expect(outputs).toEqual({ one: floats(2, 4), two: floats(2, 4), three: floats(1, 2) });
    expect(outputs['two']).toBe(into.two);
    expect(into).toEqual({ two: floats(2, 4), three: floats(1, 2) });
    expect(outputOf(outputs, 'one').data).not.toBe(into.two.data);
  });

  it('repeats itself bit for bit, and so does the same graph compiled again', async () => {
    const [x, w] = [random([33, 65], 1), random([65, 47], 2)];
    const build = (): Promise<Executable> => {
      const [a, b] = [input('x', 'float32', x.shape), input('w', 'float32', w.shape)];
      const loss = reduceSum(logSoftmax(relu(gemm(a, b))));
      const [slope = b] = gradients(loss, [b]);
      return runtime.compile(graph({ loss, slope }));
    };
    const feeds = { x: toTensor(x), w: toTensor(w) };
    const [once, again] = [await build(), await build()];
    const first = await once.run(feeds);
    const into = { slope: { ...toTensor(w), data: new Float32Array(65 * 47) } };
    for (const outputs of [await once.run(feeds), await again.run(feeds), await once.run(feeds, into)]) {
      expect(outputs).toEqual(first);
    }
  });

  it('keeps several executables apart', async () => {
    const executables = await Promise.all(
      [1, 2, 3, 4].map((factor) => runtime.compile(graph({ y: mul(vector('a'), factor) }))),
    );
    const outputs = await Promise.all(executables.map(({ run }) => run({ a: floats(1, 10) })));
    expect(outputs.map((all) => [...floatsOf(all, 'y')])).toEqual([
      [1, 10],
      [2, 20],
      [3, 30],
      [4, 40],
    ]);
    // One that is gone takes none of the others with it.
    await executables[1]?.dispose();
    expect([...floatsOf((await executables[2]?.run({ a: floats(1, 1) })) ?? {}, 'y')]).toEqual([3, 3]);
  });

  it('runs one executable as often at once as it is asked', async () => {
    const { run } = await sum();
    const outputs = await Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        run({ a: floats(i, 2 * i), b: floats(1, 1) }, i % 2 ? { y: floats(0, 0) } : {}),
      ),
    );
    expect(outputs.map((all) => [...floatsOf(all, 'y')])).toEqual(
      Array.from({ length: 16 }, (_, i) => [i + 1, 2 * i + 1]),
    );
  });

  describe('dispose', () => {
    const feeds = { a: floats(1, 2), b: floats(3, 4) };

    it('ends it: a later run says so', async () => {
      const executable = await sum();
      await executable.run(feeds);
      await executable.dispose();
      await expect(executable.run(feeds)).rejects.toThrow(
        new GraphError('run: the executable has been disposed'),
      );
    });

    it('lets the runs under way end', async () => {
      const executable = await sum();
      const under = [executable.run(feeds), executable.run(feeds)];
      const gone = executable.dispose();
      for (const outputs of await Promise.all(under)) expect([...floatsOf(outputs, 'y')]).toEqual([4, 6]);
      await gone;
    });

    it('can be called again', async () => {
      const executable = await sum();
      await Promise.all([executable.dispose(), executable.dispose()]);
      await executable.dispose();
    });
  });

  it('refuses to compile what it has no operator for', async () => {
    const odd = apply1({ op: 'Nonsense', infer: () => [{ dtype: 'float32', shape: [2] }] }, [vector('a')]);
    await expect(runtime.compile(graph({ y: odd }))).rejects.toThrow(/Nonsense/);
  });
}

function concatenated(a: Tensor, b: Tensor): Tensor['data'] {
  const data = new (a.data.constructor as new (length: number) => Tensor['data'])(
    a.data.length + b.data.length,
  );
  data.set(a.data as never);
  data.set(b.data as never, a.data.length);
  return data;
}
