/**
 * What the server takes at the most. No library is loaded by this file, so that a page may import the numbers too.
 * @module
 */

/** Bounds of requests. */
export const limits = {
  /** Characters of an input. */
  input: 2000,
  /** Characters of a text that a language model's tokenizer takes apart, and of a model's name or path. */
  text: 10_000,
  model: 1000,
  /** A person's own inputs that are judged at once, and temperatures of one reading. */
  own: 50,
  temperatures: 16,
  /** Candidates of one reading. */
  candidates: 16_384,
  /** Candidates of each cell of an overview. */
  overviewCandidates: 1024,
  /** Characters of the name of a saved reading or a training. */
  name: 100,
  /** Bytes of a request's body where nothing else is said. */
  body: 64 * 1024,
  /** Bytes of a body that holds a reading or an imported file. */
  readingBody: 32 * 1024 * 1024,
  /** Threshold of what an activation is asked to tell. */
  epsilon: 100,
  /** Largest KL divergence that counts as no effect, in nats. */
  maxKl: 1e6,
  /** Features asked for by name. */
  features: 200,
  /** Inputs of an exact preimage that are sent. */
  members: 200,
  /** Parts of an input that are let vary. */
  parts: 100,
  /** Of a completeness scatter: draws of noise, inputs outside, and inputs inside, all of which are scored. */
  noiseDraws: 2000,
  outside: 20_000,
  inside: 60_000,
  /** Scatters that may be in the making. */
  scatters: 4,
  /** Sites and positions that are patched one by one. */
  sites: 5000,
  positions: 1000,
  /** Contrasts of one input that are patched. */
  contrasts: 1024,
  /** Held-out inputs of a named experiment. */
  experimentInputs: 20_000,
  /** Bytes of a body that holds a sweep. */
  sweepBody: 8 * 1024 * 1024,
  /** Requests that may wait for their turn. */
  waiting: 200,
} as const;

/** Letters, digits, space and `. _ + = -`; begins with a letter or digit and does not end with a dot or space. */
export const namePattern = /^(?=.{1,100}$)[A-Za-z0-9](?:[A-Za-z0-9 ._+=-]*[A-Za-z0-9_+=-])?$/;
