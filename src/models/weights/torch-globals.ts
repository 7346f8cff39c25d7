/**
 * What the pickle of a PyTorch checkpoint may refer to: typed storages by persistent id, and the functions that view a
 * storage as a tensor. The pickle holds no numbers; each tensor becomes a note of where they lie.
 * Source: torch/_utils.py, torch/_tensor.py and torch/serialization.py.
 * @module
 */
import { InputError } from '../../input-error.js';
import { quote } from '../../printable.js';
import { isKind, type PickleGlobal, type PickleRules, type PickleValue } from './pickle.js';
import { elementCount, type WeightDType } from './tensor-file.js';

/** A flat array in the archive. */
export interface TorchStorage {
  readonly kind: 'storage';
  /** Its file's name under `data/`. */
  readonly key: string;
  /** Its element type: one that is read, or PyTorch's name of another. */
  readonly dtype: WeightDType | `torch.${string}`;
  /** Its length in elements. */
  readonly elements: number;
}

/** A view of a storage: element `[i, j]` lies at `offset + i · stride[0] + j · stride[1]`, all in elements. */
export interface TorchTensor {
  readonly kind: 'tensor';
  readonly storage: TorchStorage;
  /** The storage's, unless that is untyped. */
  readonly dtype: TorchStorage['dtype'];
  readonly offset: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
}

/** What names and persistent ids stand for. */
export type TorchObject = TorchStorage | TorchTensor;
type Value = PickleValue<TorchObject>;
type Call = (args: readonly Value[]) => Value;

const storageTypes: Readonly<Record<string, WeightDType>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

/** Storages that no weight is read from: a tensor that nobody reads may lie in one. */
const otherStorages = [
  'ComplexDouble',
  'ComplexFloat',
  'QInt8',
  'QUInt8',
  'QInt32',
  'QUInt4x2',
  'QUInt2x4',
].map((type) => `torch.${type}Storage` as const);

/** Bytes whose element type the tensor says: PyTorch's newer types have no storage of their own. */
const untyped = 'torch.storage.UntypedStorage' as const;
const newerTypes = [
  ...['uint16', 'uint32', 'uint64', 'complex32', 'float4_e2m1fn_x2'],
  ...['e4m3fn', 'e4m3fnuz', 'e5m2', 'e5m2fnuz', 'e8m0fnu'].map((form) => `float8_${form}`),
].map((type) => `torch.${type}` as const);

/** Dimensions at most; also what keeps a repeated call from costing much. */
const mostDimensions = 64;

/** The rules for one pickle. @param what how a message names it */
export function torchRules(what: string): PickleRules<TorchObject> {
  const fail = (reason: string): never => {
    throw new InputError(`${what} ${reason}.`);
  };

  const rebuildTensor: Call = (args) => {
    const [storage, offset, shape, stride] = args;
    if (
      args.length < 6 ||
      args.length > 7 ||
      !isKind(storage, 'object') ||
      storage.object.kind !== 'storage'
    ) {
      return fail('rebuilds a tensor from what is not a storage, an offset, a shape and strides');
    }
    const sizes = isKind(shape, 'tuple') ? wholeNumbers(shape.items) : null;
    const steps = isKind(stride, 'tuple') ? wholeNumbers(stride.items) : null;
    if (typeof offset !== 'number' || elementCount([offset]) === null || sizes === null || steps === null) {
      return fail('rebuilds a tensor whose offset, shape or strides are not whole numbers from 0');
    }
    if (sizes.length !== steps.length) {
      return fail(`rebuilds a tensor with ${sizes.length} sizes and ${steps.length} strides`);
    }
    const { object } = storage;
    return {
      kind: 'object',
      object: { kind: 'tensor', storage: object, dtype: object.dtype, offset, shape: sizes, stride: steps },
    };
  };

  /** As above with an element type, and perhaps metadata, after the hooks. */
  const rebuildTyped: Call = (args) => {
    const [dtype] = args.slice(6);
    const type = isKind(dtype, 'global') ? newerTypes.find((name) => name === dtype.name) : undefined;
    if (type === undefined || args.length > 8) {
      return fail('rebuilds a tensor of an element type that is none of PyTorch');
    }
    return { kind: 'object', object: { ...tensorOf(rebuildTensor(args.slice(0, 6))), dtype: type } };
  };

  const tensorOf = (value: Value | undefined): TorchTensor =>
    isKind(value, 'object') && value.object.kind === 'tensor'
      ? value.object
      : fail('rebuilds a parameter from what is not a tensor');

  const seen = new Set<Value>();
  /** Attributes that a person gave a tensor: dropped, once it is certain that they are data. */
  const expectPlain = (state: Value | undefined): void => {
    if (state === undefined || !isPlainData(state, seen)) {
      fail(
        'gives a tensor attributes that are not plain data; accepted are numbers, texts and their collections',
      );
    }
  };

  const rebuildParameter: Call = (args) => {
    const [tensor] = args;
    if (args.length !== 3) return fail('rebuilds a parameter from what is not a tensor');
    return { kind: 'object', object: tensorOf(tensor) };
  };

  const rebuildParameterWithState: Call = (args) => {
    const [tensor, , , state] = args;
    if (args.length !== 4) return fail('rebuilds a parameter from what is not a tensor and its attributes');
    expectPlain(state);
    return { kind: 'object', object: tensorOf(tensor) };
  };

  /** A tensor with attributes: the function that rebuilds it, its class, that function's arguments, the attributes. */
  const rebuildFromType: Call = (args) => {
    const [rebuild, type, given, state] = args;
    const isTensor = isKind(type, 'global') && type.name === 'torch.Tensor';
    const call = isKind(rebuild, 'global') ? rebuild.call : undefined;
    const known = call === rebuildTensor || call === rebuildTyped;
    if (args.length !== 4 || !isTensor || !known || !isKind(given, 'tuple')) {
      return fail('rebuilds a tensor of a class of its own');
    }
    expectPlain(state);
    return { kind: 'object', object: tensorOf(call(given.items)) };
  };

  const orderedDict: Call = (args) => {
    if (args.length > 0)
      return fail('makes an OrderedDict with arguments; accepted is an empty one that is then filled');
    return { kind: 'dict', entries: new Map() };
  };

  const callable: Readonly<Record<string, Call>> = {
    'torch._utils._rebuild_tensor_v2': rebuildTensor,
    'torch._utils._rebuild_tensor_v3': rebuildTyped,
    'torch._utils._rebuild_parameter': rebuildParameter,
    'torch._utils._rebuild_parameter_with_state': rebuildParameterWithState,
    'torch._tensor._rebuild_from_type_v2': rebuildFromType,
    'collections.OrderedDict': orderedDict,
  };
  const globals = new Map<string, PickleGlobal<TorchObject>>();
  for (const [name, call] of Object.entries(callable)) globals.set(name, { kind: 'global', name, call });
  const types = Object.keys(storageTypes).map((type) => `torch.${type}`);
  for (const name of [...types, ...otherStorages, ...newerTypes, untyped, 'torch.Tensor']) {
    globals.set(name, { kind: 'global', name });
  }

  const persistent = (id: Value): TorchStorage => {
    const [word, type, key, device, elements] = isKind(id, 'tuple') && id.items.length === 5 ? id.items : [];
    const dtype = isKind(type, 'global') ? storageType(type.name) : undefined;
    if (word !== 'storage' || dtype === undefined || typeof key !== 'string' || typeof device !== 'string') {
      return fail('has a persistent id that names no storage');
    }
    if (!/^\w{1,32}$/.test(key))
      return fail(`names a storage ${quote(key)}; accepted are letters and digits`);
    if (typeof elements !== 'number' || elementCount([elements]) === null) {
      return fail(`has a storage ${quote(key)} whose length is not a whole number from 0`);
    }
    return { kind: 'storage', key, dtype, elements };
  };

  return { globals, persistent };
}

/** The element type of a storage's class. */
function storageType(name: string): TorchStorage['dtype'] | undefined {
  const others: readonly `torch.${string}`[] = [...otherStorages, untyped];
  return storageTypes[name.replace('torch.', '')] ?? others.find((other) => other === name);
}

/** Whether a value is made of numbers, texts, truth values and None alone. @param seen what has been gone through */
function isPlainData(value: Value, seen: Set<Value>): boolean {
  const open: Value[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    if (next.kind === 'object' || next.kind === 'global') return false;
    seen.add(next);
    for (const item of next.kind === 'dict' ? next.entries.values() : next.items) open.push(item);
  }
  return true;
}

function wholeNumbers(items: readonly Value[]): number[] | null {
  if (items.length > mostDimensions) return null;
  const numbers = items.filter((item) => typeof item === 'number' && elementCount([item]) !== null);
  return numbers.length === items.length ? (numbers as number[]) : null;
}
