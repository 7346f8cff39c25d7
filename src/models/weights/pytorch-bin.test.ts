import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { publishedDirectory, reference } from '../../../test/fixtures/reference.js';
import {
  call,
  type Code,
  dict,
  floats,
  global,
  integer,
  parameterWith,
  pickle,
  storage,
  tensor,
  tensorWith,
  text,
  torchArchive,
  tuple,
  typedTensor,
  zipArchive,
} from '../../../test/fixtures/torch-archive.js';
import { InputError } from '../../input-error.js';
import { type ByteSource, memorySource } from './byte-source.js';
import { openPytorchBin } from './pytorch-bin.js';

const open = (bytes: Uint8Array) => openPytorchBin(memorySource('m.bin', bytes));
const fixture = (name: string) => readFileSync(new URL(`../../../test/fixtures/${name}`, import.meta.url));

/** A checkpoint with one tensor `w` over a storage of six floats. */
const withTensor = (code: Code, six = floats(1, 2, 3, 4, 5, 6)) =>
  torchArchive(pickle(dict(text('w'), code)), { 0: six });

describe('openPytorchBin', () => {
  it.each([2, 4])('reads what Python pickles with protocol %d', async (protocol) => {
    const opened = await open(fixture(`state-dict-protocol-${protocol}.bin`));
    const shapes = Object.fromEntries(
      [...opened.tensors.values()].map(({ name, dtype, shape }) => [name, [dtype, ...shape]]),
    );
    expect(shapes).toEqual({
      whole: ['F32', 2, 3, 4],
      tied: ['F32', 24],
      transposed: ['F32', 4, 6],
      slice: ['F32', 2, 2],
      scalar: ['F32'],
      empty: ['F32', 0, 5],
      half: ['F16', 4],
      brain: ['BF16', 3, 1],
      double: ['F64', 2],
      mask: ['BOOL', 1, 1, 2, 2],
      steps: ['I64', 2],
      byte: ['U8'],
    });
    const read = async (name: string) => [...(await opened.readFloat32(name))];
    const flat = Array.from({ length: 24 }, (_, i) => i / 4);
    expect(await read('whole')).toEqual(flat);
    expect(await read('tied')).toEqual(flat);
    expect(await read('transposed')).toEqual(flat.map((_, i) => flat[(i % 6) * 4 + Math.floor(i / 6)]));
    expect(await read('slice')).toEqual([5 / 4, 7 / 4, 17 / 4, 19 / 4]);
    expect(await read('scalar')).toEqual([23 / 4]);
    expect(await read('empty')).toEqual([]);
    expect(await read('half')).toEqual([0.5, -2, 65504, 2 ** -24]);
    expect(await read('brain')).toEqual([1, -2, 3.140625]);
    expect(await read('double')).toEqual([Math.fround(0.1), Math.fround(-1e30)]);
    expect([...(await opened.readBytes('mask'))]).toEqual([1, 0, 0, 1]);
    expect([...new BigInt64Array((await opened.readBytes('steps')).buffer)]).toEqual([-1n, 2n ** 40n]);
    await expect(opened.readFloat32('mask')).rejects.toThrow(/tensor "mask" holds BOOL/);
    await opened.close();
  });

  it('reads only the bytes that a tensor views', async () => {
    const source = memorySource('m.bin', withTensor(tensor(storage('0', 6), 2, [3], [1])));
    let lengths: number[] = [];
    const watched: ByteSource = {
      ...source,
      read: (offset, length) => {
        lengths.push(length);
        return source.read(offset, length);
      },
    };
    const opened = await openPytorchBin(watched);
    lengths = [];
    expect(await opened.readFloat32('w')).toEqual(Float32Array.of(3, 4, 5));
    expect(lengths).toEqual([30, 12]); // the entry's own header, then three floats
  });

  const ordinary = storage('0', 6);
  const whole = tensor(ordinary, 0, [6], [1]);
  it.each<[string, Code, RegExp]>([
    [
      'a view that starts beyond its storage',
      tensor(ordinary, 6, [1], [1]),
      /tensor "w" of shape \[1\], offset 6 and strides \[1\] leaves its storage of 6 elements/,
    ],
    [
      'a view that ends beyond its storage',
      tensor(ordinary, 1, [2, 3], [3, 1]),
      /leaves its storage of 6 elements/,
    ],
    ['a stride that leaves its storage', tensor(ordinary, 0, [2], [6]), /leaves its storage/],
    ['a huge stride', tensor(ordinary, 0, [2], [0x7fffffff]), /leaves its storage/],
    [
      'a shape far beyond its storage',
      tensor(ordinary, 0, [0x7fffffff, 0x7fffffff], [0, 0]),
      /more than the 6 elements/,
    ],
    [
      'elements repeated by a stride of 0',
      tensor(ordinary, 0, [7], [0]),
      /has shape \[7\], more than the 6 elements/,
    ],
    ['a negative stride', tensor(ordinary, 5, [6], [-1]), /not whole numbers from 0/],
    ['a negative offset', tensor(ordinary, -1, [2], [1]), /not whole numbers from 0/],
    ['a negative size', tensor(ordinary, 0, [-1], [1]), /not whole numbers from 0/],
    ['as many strides as it likes', tensor(ordinary, 0, [2], [3, 1]), /1 sizes and 2 strides/],
    [
      'too many dimensions',
      tensor(ordinary, 0, Array<number>(65).fill(1), Array<number>(65).fill(1)),
      /not whole numbers/,
    ],
    [
      'a storage that is not there',
      tensor(storage('1', 6), 0, [6], [1]),
      /lies in storage 1, which is not in the archive/,
    ],
    [
      'a storage shorter than it says',
      tensor(storage('0', 7), 0, [7], [1]),
      /storage 0 of 7 F32, which takes 28 bytes and has 24/,
    ],
    [
      'a storage that claims terabytes',
      tensor(storage('0', 0x7fffffff), 0, [0x7fffffff], [1]),
      /takes 8589934588 bytes and has 24/,
    ],
    [
      'a storage of another type',
      tensor(storage('0', 6, 'DoubleStorage'), 0, [6], [1]),
      /takes 48 bytes and has 24/,
    ],
    [
      'a storage outside the folder',
      tensor(storage('../data.pkl', 6), 0, [6], [1]),
      /names a storage "\.\.\/data\.pkl"/,
    ],
    [
      'a storage of unknown type',
      tensor(storage('0', 6, 'NoSuchStorage'), 0, [6], [1]),
      /refers to "torch\.NoSuchStorage"/,
    ],
    [
      'a storage of complex numbers',
      tensor(storage('0', 3, 'ComplexFloatStorage'), 0, [3], [1]),
      /tensor "w" holds torch\.ComplexFloatStorage; accepted are F64, /,
    ],
    [
      'a tensor of a newer type',
      typedTensor('uint16', '0', [12], 24),
      /tensor "w" holds torch\.uint16; accepted are F64, /,
    ],
    ['a tensor of a type that is none', typedTensor('load', '0', [12], 24), /refers to "torch\.load"/],
    [
      'a tensor of a type that is a class',
      typedTensor('FloatStorage', '0', [12], 24),
      /of an element type that is none of PyTorch/,
    ],
    ['attributes that are an object', parameterWith(ordinary, whole), /attributes that are not plain data/],
    [
      'attributes that hold one',
      parameterWith(dict(text('a'), tuple(integer(1), [...whole])), whole),
      /attributes that are not plain data/,
    ],
    [
      'attributes that name a function',
      parameterWith(dict(text('a'), global('collections', 'OrderedDict')), whole),
      /not plain data/,
    ],
    [
      'attributes that are code',
      parameterWith(dict(text('a'), global('os', 'system')), whole),
      /refers to "os\.system"/,
    ],
    [
      'a parameter with attributes of nothing',
      parameterWith(dict(), integer(1)),
      /rebuilds a parameter from what is not a tensor/,
    ],
    [
      'a parameter with attributes of a storage',
      parameterWith(dict(), ordinary),
      /rebuilds a parameter from what is not a tensor/,
    ],
    ['a tensor with attributes that are an object', tensorWith(ordinary, ordinary, [6]), /not plain data/],
    [
      'a tensor of a class of its own',
      tensorWith(dict(), ordinary, [6], global('mine', 'Tensor')),
      /refers to "mine\.Tensor"/,
    ],
    [
      'a tensor of a class that is none',
      tensorWith(dict(), ordinary, [6], global('torch', 'FloatStorage')),
      /a tensor of a class of its own/,
    ],
    [
      'a tensor rebuilt by itself',
      call(
        global('torch._tensor', '_rebuild_from_type_v2'),
        global('torch._tensor', '_rebuild_from_type_v2'),
        global('torch', 'Tensor'),
        tuple(),
        dict(),
      ),
      /a class of its own/,
    ],
    ['a tensor over a number', tensor(integer(3), 0, [6], [1]), /from what is not a storage/],
    ['a persistent id that is a text', [...text('storage'), 0x51], /a persistent id that names no storage/],
    [
      'a persistent id with a name of a function',
      [
        ...tuple(text('storage'), global('collections', 'OrderedDict'), text('0'), text('cpu'), integer(6)),
        0x51,
      ],
      /names no storage/,
    ],
    [
      'a number',
      integer(3),
      /holds a number under "w"; a dictionary with nothing but tensors is accepted, as torch\.save\(model\.state_dict\(\), 'pytorch_model\.bin'\) writes it\.$/,
    ],
    ['another dictionary', dict(), /holds a dict under "w"/],
    ['a bare storage', ordinary, /holds a storage under "w"/],
    ['a call of os.system', call(global('os', 'system'), text('id')), /refers to "os\.system"/],
    [
      'a whole pickled module',
      global('torch.nn.modules.linear', 'Linear'),
      /refers to "torch\.nn\.modules\.linear\.Linear"/,
    ],
    [
      'a parameter of nothing',
      call(global('torch._utils', '_rebuild_parameter'), integer(1), [0x88], dict()),
      /rebuilds a parameter/,
    ],
    [
      'an OrderedDict with arguments',
      call(global('collections', 'OrderedDict'), [0x5d]),
      /an OrderedDict with arguments/,
    ],
  ])('refuses %s', async (_, code, message) => {
    const opening = open(withTensor(code));
    await expect(opening).rejects.toThrow(InputError);
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toThrow('m.bin');
  });

  const good = pickle(dict(text('w'), tensor(ordinary, 0, [6], [1])));
  const six = floats(1, 2, 3, 4, 5, 6);
  const legacy = Uint8Array.of(
    0x80,
    2,
    0x8a,
    10,
    0x6c,
    0xfc,
    0x9c,
    0x46,
    0xf9,
    0x20,
    0x6a,
    0xa8,
    0x50,
    0x19,
    0x2e,
  );
  it.each<[string, Uint8Array, RegExp]>([
    [
      'in the old format',
      legacy,
      /is in PyTorch's format of before 1\.6, which is not accepted: write it anew with python -c "import torch; f = 'm\.bin'; torch\.save\(torch\.load\(f, map_location='cpu', weights_only=True\), f\)"\.$/,
    ],
    ['that is empty', new Uint8Array(0), /does not begin like a zip archive/],
    ['that is no checkpoint', new TextEncoder().encode('<html>'), /does not begin like a zip archive/],
    ['that is cut', torchArchive(good, { 0: six }).slice(0, -30), /not a readable zip archive/],
    [
      'without a pickle',
      zipArchive([{ name: 'model/data/0', data: six }]),
      /has 0 entries <name>\/data\.pkl/,
    ],
    [
      'with two pickles',
      torchArchive(good, { 0: six }, [{ name: 'other/data.pkl', data: good }]),
      /has 2 entries/,
    ],
    ['with an empty pickle', torchArchive(new Uint8Array(0), {}), /its pickle is truncated/],
    [
      'with a large pickle',
      torchArchive(new Uint8Array(17 * 2 ** 20), {}),
      /"model\/data\.pkl" has 17825792 bytes, and 16777216 are the most/,
    ],
    [
      'with numbers the other way round',
      torchArchive(good, { 0: six }, [{ name: 'model/byteorder', data: new TextEncoder().encode('big') }]),
      /byte order "big"/,
    ],
    [
      'that holds a list',
      torchArchive(pickle([0x5d]), {}),
      /its pickle holds a list; a dictionary of tensors by name is accepted/,
    ],
    [
      'that holds one tensor',
      torchArchive(pickle(tensor(ordinary, 0, [6], [1])), { 0: six }),
      /its pickle holds an object; a dictionary/,
    ],
    [
      'with a name that leaves it',
      torchArchive(good, { 0: six }, [{ name: '../x', data: six }]),
      /invalid relative path/,
    ],
  ])('refuses a file %s', async (_, bytes, message) => {
    const opening = open(bytes);
    await expect(opening).rejects.toThrow(InputError);
    await expect(opening).rejects.toThrow(message);
  });

  it.each<[string, Code]>([
    [
      'a parameter',
      call(
        global('torch._utils', '_rebuild_parameter'),
        whole,
        [0x88],
        call(global('collections', 'OrderedDict')),
      ),
    ],
    [
      'a parameter with attributes',
      parameterWith(
        dict(text('_is_hf_initialized'), [0x88], text('note'), tuple(integer(1), [0x4e], text('x'))),
        whole,
      ),
    ],
    ['a parameter with attributes in slots', parameterWith(tuple([0x4e], dict(text('a'), [0x5d])), whole)],
    ['a tensor with attributes', tensorWith(dict(text('a'), integer(1)), ordinary, [6])],
  ])('reads %s, and drops the attributes', async (_, code) => {
    expect(await (await open(withTensor(code))).readFloat32('w')).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  });

  it('goes through shared attributes once: doubled ones cost nothing', async () => {
    const doubling = Array.from({ length: 64 }, () => [0x71, 0, 0x68, 0, 0x86]).flat();
    const state: Code = [0x4e, ...doubling];
    expect((await open(withTensor(parameterWith(state, whole)))).tensors.has('w')).toBe(true);
  });

  const views: [string, Code][] = [
    ['of complex numbers', tensor(storage('0', 3, 'ComplexFloatStorage'), 0, [3], [1])],
    ['of a newer type', typedTensor('float8_e4m3fn', '0', [24], 24)],
    ['repeated by strides of 0', tensor(ordinary, 0, [7, 7], [0, 0])],
    ['that leaves its storage', tensor(ordinary, 6, [6], [1])],
    ['in a storage that is not there', tensor(storage('9', 6), 0, [6], [1])],
  ];
  it.each(views)('leaves out a tensor %s where nobody will read it', async (_, code) => {
    const bytes = torchArchive(pickle(dict(text('mask'), code, text('w'), whole)), { 0: six });
    await expect(open(bytes)).rejects.toThrow(/tensor "mask" /);
    const opened = await openPytorchBin(memorySource('m.bin', bytes), (name) => name === 'mask');
    expect([...opened.tensors.keys()]).toEqual(['w']);
    expect(await opened.readFloat32('w')).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  });

  const state = dict(text('w'), whole, text('v'), tensor(ordinary, 0, [2], [1]));
  const optimizer = dict(
    text('state'),
    dict(integer(0), dict(text('exp_avg'), whole, text('step'), tensor(ordinary, 0, [], []))),
    text('param_groups'),
    [
      0x5d,
      ...dict(text('lr'), [0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], text('params'), [0x5d, ...integer(0), 0x61]),
      0x61,
    ],
  );
  it.each<[string, Code]>([
    ['beside numbers', dict(text('model'), state, text('epoch'), integer(3))],
    [
      'of Lightning',
      dict(
        text('state_dict'),
        state,
        text('optimizer_states'),
        [0x5d, ...optimizer, 0x61],
        text('loops'),
        dict(),
        text('pytorch-lightning_version'),
        text('2.5'),
      ),
    ],
    [
      'beside an optimizer',
      dict(
        text('optimizer'),
        optimizer,
        text('model'),
        state,
        text('iter_num'),
        integer(3),
        text('best_val_loss'),
        tensor(ordinary, 0, [], []),
      ),
    ],
    ['alone under a key', dict(text('module'), state)],
  ])('reads a state dict %s', async (_, code) => {
    const opened = await open(torchArchive(pickle(code), { 0: six }));
    expect([...opened.tensors.keys()]).toEqual(['w', 'v']);
    expect(await opened.readFloat32('v')).toEqual(Float32Array.of(1, 2));
  });

  it.each<[string, Code, RegExp]>([
    [
      'two state dicts',
      dict(text('model'), state, text('ema'), state),
      /holds more than one dictionary of tensors, "model", "ema": save the one that is meant alone, torch\.save\(torch\.load\(f\)\["model"\], f\)\.$/,
    ],
    [
      'a state dict with another in it',
      dict(text('a'), whole, text('b'), whole, text('c'), whole, text('extra'), state),
      /holds a dict under "extra"/,
    ],
    ['an optimizer alone', optimizer, /holds a dict under "state"/],
    [
      'tensors by number',
      dict(integer(0), whole),
      /names a tensor 0; a dictionary of tensors by name is accepted/,
    ],
    ['a state dict two levels down', dict(text('a'), dict(text('b'), state)), /holds a dict under "a"/],
    [
      'arguments of the command beside it',
      dict(text('model'), state, text('args'), call(global('argparse', 'Namespace'))),
      /refers to "argparse\.Namespace", which is not accepted: .* save the state dict alone: torch\.save\(model\.state_dict\(\), 'pytorch_model\.bin'\)\.$/,
    ],
  ])('refuses %s, and says what to do', async (_, code, message) => {
    const opening = open(torchArchive(pickle(code), { 0: six }));
    await expect(opening).rejects.toThrow(InputError);
    await expect(opening).rejects.toThrow(message);
  });

  it('refuses bytes that are not those that were written', async () => {
    const entry = { name: 'model/data/0', data: six, sum: 0x1234 };
    const opened = await open(zipArchive([{ name: 'model/data.pkl', data: good, sum: 'right' }, entry]));
    await expect(opened.readFloat32('w')).rejects.toThrow(/the zip entry "model\/data\/0" is damaged/);
    await expect(open(zipArchive([{ name: 'model/data.pkl', data: good, sum: 7 }, entry]))).rejects.toThrow(
      /data\.pkl" is damaged/,
    );
  });

  it('refuses a storage that inflates beyond what its tensors need', async () => {
    const bomb = { name: 'model/data/0', data: new Uint8Array(100 * 2 ** 20), method: 8 };
    const honest = zipArchive([{ name: 'model/data.pkl', data: good }, bomb]);
    await expect(open(honest)).rejects.toThrow(/which takes 24 bytes and has 104857600/);
    const lying = await open(
      zipArchive([
        { name: 'model/data.pkl', data: good },
        { ...bomb, declares: 24 },
      ]),
    );
    await expect(lying.readFloat32('w')).rejects.toThrow(
      /inflates to more than the 24 bytes that it declares/,
    );
  });

  it('refuses NaN when the tensor is read', async () => {
    const opened = await open(withTensor(tensor(ordinary, 0, [6], [1]), floats(1, 2, NaN, 4, 5, 6)));
    await expect(opened.readFloat32('w')).rejects.toThrow(/tensor "w" holds NaN at element 2/);
  });

  it.each(['state-dict-protocol-2.bin', 'state-dict-protocol-4.bin'])(
    'survives damage to %s: any changed byte gives another file or an InputError',
    async (name) => {
      const bytes = fixture(name);
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (at, value) => {
          const damaged = new Uint8Array(bytes);
          damaged[at] = value;
          try {
            const opened = await open(damaged);
            for (const tensorName of opened.tensors.keys()) await opened.readBytes(tensorName);
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
          }
        }),
        { numRuns: 500 },
      );
    },
  );
});

describe('the published checkpoints', () => {
  it.for<[string, number[], string]>([
    ['addition', [15, 32], 'b861b2150a6eeacf5e9c564192d67f6ddd8309e324742a177630664676df2b68'],
    ['counting', [40, 64], 'f7daa035f48345d02647037628e0a9b329e69cfd9e9802a6efb9d4ab834be6f1'],
  ])('%s is read', async ([task, shape, hash], { skip }) => {
    skip(reference.absent, reference.reason);
    const opened = await open(readFileSync(join(publishedDirectory(task), 'pytorch_model.bin')));
    expect(opened.tensors.size).toBe(29);
    expect(opened.tensors.get('transformer.wte.weight')).toMatchObject({ dtype: 'F32', shape });
    const embedding = await opened.readBytes('transformer.wte.weight');
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', embedding));
    expect(Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')).toBe(hash);
    expect(await opened.readBytes('lm_head.weight')).toEqual(embedding); // one storage, two names
    for (const name of opened.tensors.keys()) await opened.readFloat32(name);
  });
});
