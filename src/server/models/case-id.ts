/**
 * Ids of cases taken apart: `addition`, `addition~models/mine~runs/addition-decoder`, `ioi~models/a.gguf~search~<s>`.
 * @module
 */
import { InputError } from '../../input-error.js';

/** What an id says; an empty part stands for what ships. */
export interface CaseParts {
  readonly task: string;
  readonly model: string;
  /** The word {@link searched} for none at all. */
  readonly decoder: string;
  /** Token before texts of a language model; what its files name where it is empty. */
  readonly bos: string;
}

/** In place of a decoder: the model searches by itself. */
export const searched = 'search';

/** @throws InputError for an id of another form */
export function partsOf(id: string): CaseParts {
  const [task = '', model = '', decoder = '', bos = '', ...rest] = id.split('~');
  if (rest.length > 0)
    throw new InputError(
      `The case ${JSON.stringify(id)} is not of the form task, task~model~decoder or task~model~decoder~bos.`,
    );
  return { task, model, decoder, bos };
}
