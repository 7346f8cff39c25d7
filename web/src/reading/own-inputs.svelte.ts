/**
 * A person's own inputs, judged by the activation that a reading asks about. They are run through the model like samples
 * and stand beside them; no figure counts them.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type { OwnInput } from '../../../src/inversion/saved-reading.js';
import type { JudgeRequest } from '../../../src/workbench/verbs/judge.js';
import type { ReadRequest } from '../../../src/workbench/verbs/read.js';
import { isAbort, sayProblem } from '../problems.js';

/** See the module. */
export interface OwnInputs {
  readonly list: readonly OwnInput[];
  readonly busy: boolean;
  /** Why the last one was not taken. */
  readonly problem: string;
  /** Judges one more. @returns whether it was taken */
  add(request: ReadRequest, text: string): Promise<boolean>;
  /** Judges all of some texts by another question. */
  judge(request: ReadRequest | null, texts: readonly string[]): Promise<void>;
  /** Shows inputs that were judged before. */
  show(list: readonly OwnInput[]): void;
}

/** Starts with none. */
export function createOwnInputs(client: Client): OwnInputs {
  let list = $state.raw<readonly OwnInput[]>([]);
  let busy = $state(false);
  let problem = $state('');
  let controller: AbortController | null = null;
  let key = '';

  /** Null when it was not answered: stopped, or a fault, which is said. */
  async function ask(request: ReadRequest, inputs: string[]): Promise<readonly OwnInput[] | null> {
    controller?.abort();
    const own = new AbortController();
    controller = own;
    busy = true;
    problem = '';
    try {
      const { case: caseId, input, site, position } = request;
      const asked: JudgeRequest = { case: caseId, input, site, position, inputs };
      const { inputs: judged } = await client.judge(asked, own.signal);
      return own === controller ? judged : null;
    } catch (error) {
      if (own === controller && !isAbort(error)) problem = sayProblem(error);
      return null;
    } finally {
      if (own === controller) busy = false;
    }
  }

  const keyOf = ({ case: caseId, input, site, position }: ReadRequest, texts: readonly string[]): string =>
    JSON.stringify([caseId, input, site, position, texts]);

  return {
    get list() {
      return list;
    },
    get busy() {
      return busy;
    },
    get problem() {
      return problem;
    },
    async add(request, text) {
      const before = list;
      const judged = await ask(request, [text]);
      if (judged === null) return false;
      list = [...before.filter((one) => one.text !== judged[0]?.text), ...judged];
      key = keyOf(
        request,
        list.map((one) => one.text),
      );
      return true;
    },
    async judge(request, texts) {
      const wanted = request === null || texts.length === 0 ? '' : keyOf(request, texts);
      if (wanted === key) return;
      key = wanted;
      if (request === null || texts.length === 0) {
        controller?.abort();
        controller = null;
        list = [];
        busy = false;
        problem = '';
        return;
      }
      const judged = await ask(request, [...texts]);
      if (key === wanted) list = judged ?? [];
    },
    show(shown) {
      controller?.abort();
      list = shown;
      busy = false;
      problem = '';
      key = '';
    },
  };
}
