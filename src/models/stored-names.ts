/**
 * The names under which checkpoints store a model's parameters: with or without the family's prefix (`transformer.`,
 * `model.`), and behind what the programs that wrap a model for training put before them.
 * @module
 */
import { InputError } from '../input-error.js';
import { quote } from '../printable.js';

/** Parts of a prefix that are looked for. */
const mostParts = 8;

/** What puts a word before or into the names of a module's parameters. */
const wrappers: Readonly<Record<string, string>> = {
  module: 'DataParallel or DistributedDataParallel',
  _orig_mod: 'torch.compile',
  model: 'a Lightning module',
  _forward_module: 'Lightning Fabric',
  _fsdp_wrapped_module: 'FullyShardedDataParallel',
  _checkpoint_wrapped_module: 'activation checkpointing',
};

/** What the names of a model are compared with. */
export interface KnownNames {
  /** What to call the model in an error: `a GPT-2`. */
  readonly what: string;
  /** The prefix of all names but the unembedding's. */
  readonly prefix: string;
  readonly unembed: string;
  /** Whether the model has a parameter of a name without prefix. */
  has(name: string): boolean;
}

/**
 * The stored name of each parameter. A prefix that all names share, whatever it is, is passed over when a model is left.
 * @param where what to call the checkpoint in an error
 * @param names as they are stored
 * @returns by the parameter's own name the stored one
 * @throws InputError for a name that is no parameter's, or for two of one parameter
 */
export function storedNames(
  where: string,
  names: readonly string[],
  { what, prefix, unembed, has }: KnownNames,
): Map<string, string> {
  const bareOf = (name: string, wrapped: string): string => {
    const own = name.slice(wrapped.length);
    return own.startsWith(prefix) ? own.slice(prefix.length) : own;
  };
  const known = (name: string, wrapped: string): boolean => {
    const bare = bareOf(name, wrapped);
    return bare === unembed || has(bare);
  };
  // The shortest prefix that leaves most names the model's: one that does not belong is then named for what it is.
  let [wrapped, most] = ['', -1];
  for (const candidate of commonPrefixes(names)) {
    const count = names.filter((name) => known(name, candidate)).length;
    if (count > most) [wrapped, most] = [candidate, count];
  }
  const stored = new Map<string, string>();
  for (const name of names) {
    if (!known(name, wrapped)) {
      throw new InputError(
        `${where}: the weights hold ${quote(name)}, which ${what} of this config does not have${wrapperIn(name, wrapped)}`,
      );
    }
    const bare = bareOf(name, wrapped);
    const other = stored.get(bare);
    if (other !== undefined) {
      throw new InputError(`${where}: the weights hold both ${quote(other)} and ${quote(name)}`);
    }
    stored.set(bare, name);
  }
  return stored;
}

/** The dotted prefixes that all names have, the empty one first. */
function commonPrefixes(names: readonly string[]): string[] {
  const prefixes = [''];
  const [first = ''] = names;
  for (
    let end = first.indexOf('.') + 1;
    end > 0 && prefixes.length <= mostParts;
    end = first.indexOf('.', end) + 1
  ) {
    const candidate = first.slice(0, end);
    if (!names.every((name) => name.startsWith(candidate))) break;
    prefixes.push(candidate);
  }
  return prefixes;
}

/** Where a word of a wrapper comes from that not all names have, as the end of a sentence. */
function wrapperIn(name: string, wrapped: string): string {
  const word = name
    .slice(wrapped.length)
    .split('.', 2 * mostParts)
    .find((part) => Object.hasOwn(wrappers, part));
  if (word === undefined) return '';
  return `: "${word}." comes from ${wrappers[word] ?? ''}; take it out of all names before saving`;
}
