/**
 * The state dict in a PyTorch checkpoint's pickle: a dictionary of tensors by name, alone or, as training programs save
 * it, under one key of a larger one (`{'model': state_dict, 'epoch': 3, 'optimizer': …}`).
 * @module
 */
import { InputError } from '../../input-error.js';
import { quote } from '../../printable.js';
import { describe, isKind, type PickleValue, readPickle } from './pickle.js';
import { type TorchObject, type TorchTensor, torchRules } from './torch-globals.js';

export { type TorchStorage, type TorchTensor } from './torch-globals.js';

type Value = PickleValue<TorchObject>;
type Entries = ReadonlyMap<string | number, Value>;

/**
 * Reads a state dict's pickle: its tensors by name, in the file's order. Where they lie is not checked here.
 * @param what how a message names the pickle
 * @throws InputError for a pickle that is anything else than a dictionary of tensors or of one such dictionary and other
 *   data
 */
export function readTorchStateDict(bytes: Uint8Array, what: string): Map<string, TorchTensor> {
  const value = readPickle(bytes, what, torchRules(what));
  if (!isKind(value, 'dict')) {
    throw new InputError(`${what} holds ${describe(value)}; a dictionary of tensors by name is accepted.`);
  }
  return tensorsIn(stateDictIn(value.entries, what), what);
}

/** The dictionary itself, or the one under a key of it that is a state dict beyond doubt. */
function stateDictIn(entries: Entries, what: string): Entries {
  const nested: [string, Entries][] = [];
  for (const [key, value] of entries) {
    if (typeof key === 'string' && isKind(value, 'dict') && isStateDict(value.entries)) {
      nested.push([key, value.entries]);
    }
  }
  // What lies beside it (a state of the random generator) is less than a model.
  const beside = [...entries.values()].filter(isTensor).length;
  const [only] = nested.filter(([, { size }]) => size > beside);
  if (only === undefined) return entries;
  if (nested.length === 1) return only[1];
  const keys = nested.map(([key]) => quote(key));
  throw new InputError(
    `${what} holds more than one dictionary of tensors, ${keys.slice(0, 5).join(', ')}: save the one that is meant alone, ` +
      `torch.save(torch.load(f)[${keys[0] ?? ''}], f).`,
  );
}

const isTensor = (value: Value): boolean => isKind(value, 'object') && value.object.kind === 'tensor';

const isStateDict = (entries: Entries): boolean => entries.size > 0 && [...entries.values()].every(isTensor);

function tensorsIn(entries: Entries, what: string): Map<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  for (const [name, entry] of entries) {
    if (typeof name !== 'string') {
      throw new InputError(`${what} names a tensor ${name}; a dictionary of tensors by name is accepted.`);
    }
    if (!isKind(entry, 'object') || entry.object.kind !== 'tensor') {
      const given = isKind(entry, 'object') ? 'a storage' : describe(entry);
      throw new InputError(
        `${what} holds ${given} under ${quote(name)}; a dictionary with nothing but tensors is accepted, ` +
          `as torch.save(model.state_dict(), 'pytorch_model.bin') writes it.`,
      );
    }
    tensors.set(name, entry.object);
  }
  return tensors;
}
