/**
 * What a family of models is: a name in `config.json` and how the rest of that file reads.
 * @module
 */
import { type Architecture } from '../architecture.js';
import { type ConfigReader, type Json } from './config.js';

/** A family of models. Adding one is adding a file and a line in `index.ts`. */
export interface Family {
  /** `model_type` of its configs. */
  readonly type: string;
  /**
   * Where the language model of a larger one, that also sees, has its config: the larger one's `model_type`, and what the
   * inner object leaves to transformers' defaults.
   */
  readonly within?: { readonly type: string; readonly field: string; readonly defaults: Json };
  /** Models of this family, for people. */
  readonly about: string;
  /** One of them, in a message: `a GPT-2`. */
  readonly what: string;
  /** @throws InputError naming the field that is missing, wrong or asks for something not supported */
  read(config: ConfigReader): Architecture;
  /** Whether a tensor of a file is no parameter: a mask, a table, or what a larger model sees with. @param name without prefix */
  isBuffer?(name: string): boolean;
}
