/**
 * What was chosen on the Models page, and how the address holds it.
 * @module
 */
import { limits } from '../../../src/workbench/limits.js';
import type { AddressFields } from '../state/address.js';

/** The model that is described: a directory, a `.gguf` file or a name on the hub. */
export interface ModelChoice {
  name: string | null;
  /** Whether nothing is fetched for it. */
  offline: boolean;
  /** A text that is split into tokens. */
  text: string;
  /** What stands before it; null is what the model's files name. */
  bos: string | null;
}

/** See {@link ModelChoice}. */
export const modelFields: AddressFields<ModelChoice> = {
  parse: (fields) => ({
    name: fields.get('model') || null,
    offline: fields.get('offline') === 'on',
    text: (fields.get('text') ?? '').slice(0, limits.text),
    bos: fields.get('bos') || null,
  }),
  *format({ name, offline, text, bos }) {
    if (name !== null) yield ['model', name];
    if (offline) yield ['offline', 'on'];
    if (text !== '') yield ['text', text];
    if (bos !== null) yield ['bos', bos];
  },
};
