/**
 * What a PyTorch state dict's pickle may refer to: typed storages by persistent id, and the function that views a
 * storage as a tensor. The pickle holds no numbers; each tensor becomes a note of where they lie.
 * Source: torch/_utils.py and torch/serialization.py.
 * @module
 */
import { InputError } from '../../input-error.js';
import { quote } from './byte-source.js';
import {
  describe,
  isKind,
  type PickleGlobal,
  type PickleRules,
  type PickleValue,
  readPickle,
} from './pickle.js';
import { elementCount, type WeightDType } from './tensor-file.js';

/** A flat array in the archive. */
export interface TorchStorage {
  readonly kind: 'storage';
  /** Its file's name under `data/`. */
  readonly key: string;
  readonly dtype: WeightDType;
  /** Its length in elements. */
  readonly elements: number;
}

/** A view of a storage: element `[i, j]` lies at `offset + i · stride[0] + j · stride[1]`, all in elements. */
export interface TorchTensor {
  readonly kind: 'tensor';
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
}

type TorchObject = TorchStorage | TorchTensor;
type Value = PickleValue<TorchObject>;

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

/** Dimensions at most; also what keeps a repeated call from costing much. */
const mostDimensions = 64;

/**
 * Reads a state dict's pickle: its tensors by name, in the file's order. Where they lie is not checked here.
 * @param what how a message names the pickle
 * @throws InputError for a pickle that is anything else than a dictionary of tensors
 */
export function readTorchStateDict(bytes: Uint8Array, what: string): Map<string, TorchTensor> {
  const value = readPickle(bytes, what, torchRules(what));
  if (!isKind(value, 'dict')) {
    throw new InputError(`${what} holds ${describe(value)}; a dictionary of tensors by name is accepted.`);
  }
  const tensors = new Map<string, TorchTensor>();
  for (const [name, entry] of value.entries) {
    if (!isKind(entry, 'object') || entry.object.kind !== 'tensor') {
      const given = isKind(entry, 'object') ? 'a storage' : describe(entry);
      throw new InputError(
        `${what} holds ${given} under ${quote(name)}; a dictionary with nothing but tensors is accepted.`,
      );
    }
    tensors.set(name, entry.object);
  }
  return tensors;
}

function torchRules(what: string): PickleRules<TorchObject> {
  const fail = (reason: string): never => {
    throw new InputError(`${what} ${reason}.`);
  };

  const rebuildTensor = (args: readonly Value[]): Value => {
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
    return {
      kind: 'object',
      object: { kind: 'tensor', storage: storage.object, offset, shape: sizes, stride: steps },
    };
  };

  const rebuildParameter = (args: readonly Value[]): Value => {
    const [tensor] = args;
    if (args.length !== 3 || !isKind(tensor, 'object') || tensor.object.kind !== 'tensor') {
      return fail('rebuilds a parameter from what is not a tensor');
    }
    return tensor;
  };

  const orderedDict = (args: readonly Value[]): Value => {
    if (args.length > 0)
      return fail('makes an OrderedDict with arguments; accepted is an empty one that is then filled');
    return { kind: 'dict', entries: new Map() };
  };

  const callable: Readonly<Record<string, (args: readonly Value[]) => Value>> = {
    'torch._utils._rebuild_tensor_v2': rebuildTensor,
    'torch._utils._rebuild_parameter': rebuildParameter,
    'collections.OrderedDict': orderedDict,
  };
  const globals = new Map<string, PickleGlobal<TorchObject>>();
  for (const [name, call] of Object.entries(callable)) globals.set(name, { kind: 'global', name, call });
  for (const type of Object.keys(storageTypes)) {
    globals.set(`torch.${type}`, { kind: 'global', name: `torch.${type}` });
  }

  const persistent = (id: Value): TorchStorage => {
    const [word, type, key, device, elements] = isKind(id, 'tuple') && id.items.length === 5 ? id.items : [];
    const dtype = isKind(type, 'global') ? storageTypes[type.name.replace('torch.', '')] : undefined;
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

function wholeNumbers(items: readonly Value[]): number[] | null {
  if (items.length > mostDimensions) return null;
  const numbers = items.filter((item) => typeof item === 'number' && elementCount([item]) !== null);
  return numbers.length === items.length ? (numbers as number[]) : null;
}
