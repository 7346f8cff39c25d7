/**
 * The state of the page: cases, the live reading and the pinned ones, and the actions on them. It knows nothing of the
 * components that show it.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type { Case } from '../../../src/workbench/case-study.js';
import type { CaseList } from '../../../src/workbench/verbs/cases.js';
import type { SavedReading } from '../../../src/workbench/verbs/readings.js';
import { createInspection, type Inspected, type InputInspection } from '../query-bar/inspection.svelte.js';
import { isConnectionLost, sayProblem } from '../problems.js';
import { copyRun } from '../reading/run.svelte.js';
import { formatAddress, type PageAddress, parseAddress } from './address.js';
import { choiceOf, createPane, type Pane, requestOf, showSaved, viewOf } from './pane.svelte.js';

/** See the module. */
export interface Workbench {
  readonly client: Client;
  readonly cases: readonly Case[];
  readonly directories: CaseList['directories'];
  /** Template tasks, each of which makes a case with any language model. */
  readonly templates: CaseList['templates'];
  readonly version: string;
  /** Whether the cases are known. */
  readonly ready: boolean;
  /** What keeps the page from working; null when all is well. */
  readonly trouble: string | null;
  /** Name of the page that is open. @throws where it is set to one that there is not */
  view: string;
  /** What was chosen on a page, by its name; changing it changes the address. */
  choiceOf(page: string): object;
  readonly live: Pane;
  readonly pinned: readonly Pane[];
  /** The live reading's case, input and position. */
  readonly case: Case | null;
  readonly inspection: InputInspection;
  /** Whether the tokens on screen are yet to follow the case and the input that are asked about. */
  readonly settling: boolean;
  readonly position: number | null;
  caseOf(id: string): Case | null;
  /** Another case, by its id. @throws when there is none */
  chooseCase(id: string): Promise<void>;
  /** A text in the input field. @param ask reads it even when it is no input of the task */
  type(text: string, ask?: boolean): Promise<void>;
  /** Draws an input and reads it; resolves to whether it is still the current one. */
  random(): Promise<boolean>;
  chooseSite(short: string): void;
  choosePosition(index: number): void;
  /** Opens the reading of a site at a position. */
  read(short: string, index: number): void;
  walkSites(step: number): void;
  walkPositions(step: number): void;
  /** Asks what the pane says, unless it is answered already. */
  refresh(pane: Pane, again?: boolean): void;
  /** Pins the live reading beside a new one that starts as its copy. */
  pin(follows?: boolean): Pane;
  close(pane: Pane): void;
  /** Makes a pinned reading the live one. */
  exchange(pane: Pane): void;
  /** Shows a saved reading. */
  open(reading: SavedReading, name: string | null): void;
  /** The address without the page's own part: `#read?case=…`. */
  address(): string;
  /** Loads the cases, follows the address and keeps it up to date; returns what ends that. */
  start(): () => void;
}

/** Pause in typing after which the input is inspected. */
const typingMilliseconds = 120;
/** Delay of changes of the address: browsers throttle pages that change it every frame. */
const addressMilliseconds = 200;
/** Interval of new attempts while the server does not answer. */
const retryMilliseconds = 2000;

/** Makes the state; nothing is asked before `start`. */
export function createWorkbench(client: Client, pages: readonly [PageAddress, ...PageAddress[]]): Workbench {
  const first = parseAddress(location.hash, pages);
  let cases = $state.raw<readonly Case[]>([]);
  let directories = $state.raw<CaseList['directories']>([]);
  let templates = $state.raw<CaseList['templates']>([]);
  let version = $state('');
  let ready = $state(false);
  let trouble = $state<string | null>(null);
  let view = $state(first.view);
  const choices = new Map([...first.choices].map(([name, chosen]) => [name, changing(chosen)]));
  let live = $state.raw(createPane(client, first.live));
  let pinned = $state.raw<readonly Pane[]>(first.pinned.map((pane) => createPane(client, pane)));
  const inspection = createInspection(client);
  let typing: ReturnType<typeof setTimeout> | undefined;
  /** Number of actions on the question so far: an answer that arrives after a later action is ignored. */
  let acts = 0;

  const caseOf = (id: string): Case | null => cases.find((known) => known.id === id) ?? null;
  const here = $derived(caseOf(live.choice.asking.case));
  const settling = $derived(
    ready ? !inspection.answers(live.choice.asking.case, live.choice.asking.input) : trouble === null,
  );
  const position = $derived(indexOf(live.choice.asking.position, inspection.good));
  const hash = $derived(
    formatAddress({ view, live: live.choice, pinned: pinned.map(({ choice }) => choice), choices }, pages),
  );

  function refresh(pane: Pane, again = false): void {
    const { asking } = pane.choice;
    if (pane === live && asking.input !== inspection.text) return;
    const its = caseOf(asking.case);
    const asked = requestOf(pane);
    // A search goes by the threshold that it is looked at under; draws of a decoder do not.
    const { epsilon, metric } = viewOf(pane, its);
    const request = asked === null || its?.searches !== true ? asked : { ...asked, epsilon, metric };
    if (request === null || its?.unavailable !== null) {
      pane.run.reset();
      void pane.own.judge(null, []);
    } else {
      pane.choice.saved = null;
      pane.run.start(request, again);
      void pane.own.judge(request, pane.choice.own);
    }
  }

  async function inspect(ask: boolean): Promise<void> {
    clearTimeout(typing);
    const { case: caseId, input } = live.choice.asking;
    const found = await inspection.inspect(caseId, input);
    if (found === null || !found.ok) return;
    if (position === null) live.choice.asking.position = null;
    if (ask || found.problem === null) refresh(live);
  }

  async function type(text: string, ask = false): Promise<void> {
    acts += 1;
    live.choice.asking.input = text;
    live.choice.saved = null;
    clearTimeout(typing);
    if (ask) await inspect(true);
    else typing = setTimeout(() => void inspect(false), typingMilliseconds);
  }

  async function random(): Promise<boolean> {
    const own = (acts += 1);
    try {
      const { input } = await client.random(live.choice.asking.case);
      if (own !== acts) return false;
      const typed = type(input, true);
      const then = acts;
      await typed;
      trouble = null;
      return then === acts;
    } catch (error) {
      trouble = sayProblem(error);
      return false;
    }
  }

  /** Sets the site or position of the live reading and of those that follow it. */
  function move(to: { site?: string; position?: string | number }): void {
    for (const pane of [live, ...pinned.filter(({ choice }) => choice.view.follows)]) {
      Object.assign(pane.choice.asking, to);
      refresh(pane);
    }
  }

  const nameOf = (index: number): string | number => inspection.good?.tokens[index]?.place ?? index;

  function walkSites(step: number): void {
    const sites = here?.sites ?? [];
    const at = sites.findIndex(({ short }) => short === live.choice.asking.site);
    const next = sites[at < 0 ? (step > 0 ? 0 : sites.length - 1) : at + step];
    if (next !== undefined) move({ site: next.short });
  }

  function walkPositions(step: number): void {
    // Every position except EOS can be read.
    const most = (inspection.good?.tokens.length ?? 0) - 2;
    const next = position === null ? (step > 0 ? 0 : most) : position + step;
    if (next >= 0 && next <= most) move({ position: nameOf(next) });
  }

  async function loadCase(id: string): Promise<void> {
    const loaded = await client.case(id);
    // The case may have been added while this request was under way.
    if (caseOf(id) === null) cases = [...cases, loaded];
  }

  async function chooseCase(id: string): Promise<void> {
    const own = (acts += 1);
    if (caseOf(id) === null) {
      await loadCase(id);
      if (own !== acts) return;
    }
    const its = caseOf(id);
    const { choice } = live;
    const sameTask = its?.task === here?.task;
    choice.saved = null;
    choice.asking.case = id;
    choice.view.metric = null;
    choice.view.epsilon = null;
    if (!sameTask) {
      choice.asking.input = its?.examples[0] ?? '';
      // Places and inputs belong to one task.
      choice.view.alsoAt = null;
      choice.own = [];
    }
    if (its?.sites.every(({ short }) => short !== choice.asking.site)) choice.asking.site = null;
    await inspect(true);
    refresh(live);
  }

  async function openSaved(pane: Pane): Promise<void> {
    const name = pane.choice.saved;
    if (name === null) return;
    try {
      const reading = await client.openReading(name);
      const { epsilon, metric, alsoAt } = pane.choice.view;
      showSaved(pane, reading, name);
      // The address has the view it was last shown under; the file has the one it was saved under.
      pane.choice.view = {
        ...pane.choice.view,
        epsilon: epsilon ?? reading.view.epsilon,
        metric: metric ?? reading.view.metric,
        alsoAt: alsoAt ?? reading.view.alsoAt ?? null,
      };
    } catch (error) {
      trouble = sayProblem(error);
      pane.choice.saved = null;
    }
  }

  /** Completes what was chosen with defaults, and asks. */
  async function settle(): Promise<void> {
    const choice = live.choice;
    if (choice.asking.case === '') {
      choice.asking.case = (cases.find(({ unavailable }) => unavailable === null) ?? cases[0])?.id ?? '';
    }
    const ids = [live, ...pinned].map((pane) => pane.choice.asking.case);
    for (const id of new Set(ids)) {
      if (caseOf(id) !== null) continue;
      try {
        await loadCase(id);
      } catch (error) {
        trouble = sayProblem(error);
      }
    }
    if (choice.asking.input === '') choice.asking.input = here?.examples[0] ?? '';
    await Promise.all([live, ...pinned].map(openSaved));
    for (const pane of pinned) if (pane.choice.saved === null) refresh(pane);
    if (choice.saved === null) await inspect(true);
    else await inspection.inspect(choice.asking.case, choice.asking.input);
  }

  /** Applies an address that came from outside: a link, the back button. */
  function follow(): void {
    if (location.hash === hash) return;
    acts += 1;
    const wanted = parseAddress(location.hash, pages);
    ({ view } = wanted);
    for (const [name, choice] of choices) Object.assign(choice, wanted.choices.get(name));
    for (const pane of pinned) pane.run.cancel();
    pinned = wanted.pinned.map((pane) => createPane(client, pane));
    Object.assign(live.choice, wanted.live);
    void settle();
  }

  async function load(): Promise<void> {
    for (;;) {
      try {
        const list = await client.cases();
        ({ cases, directories, templates, version } = list);
        ready = true;
        trouble = null;
        await settle();
        return;
      } catch (error) {
        trouble = sayProblem(error);
        if (!isConnectionLost(error)) return;
        await new Promise((resolve) => setTimeout(resolve, retryMilliseconds));
      }
    }
  }

  return {
    client,
    inspection,
    choiceOf: (page) => choices.get(page) ?? {},
    get cases() {
      return cases;
    },
    get directories() {
      return directories;
    },
    get templates() {
      return templates;
    },
    get version() {
      return version;
    },
    get ready() {
      return ready;
    },
    get trouble() {
      return trouble;
    },
    get view() {
      return view;
    },
    set view(next) {
      if (pages.every(({ name }) => name !== next)) throw new Error(`There is no page "${next}".`);
      view = next;
    },
    get live() {
      return live;
    },
    get pinned() {
      return pinned;
    },
    get case() {
      return here;
    },
    get settling() {
      return settling;
    },
    get position() {
      return position;
    },
    caseOf,
    chooseCase,
    type,
    random,
    chooseSite: (short) => move({ site: short }),
    choosePosition: (index) => move({ position: nameOf(index) }),
    read(short, index) {
      move({ site: short, position: nameOf(index) });
      view = 'read';
    },
    walkSites,
    walkPositions,
    refresh,
    pin(follows = false) {
      const before = live;
      before.choice.view.follows = follows;
      const choice = choiceOf(before);
      choice.view.follows = false;
      live = createPane(client, choice, copyRun(client, before.run));
      pinned = [...pinned, before];
      if (choice.saved === null) refresh(live);
      return before;
    },
    close(pane) {
      pane.run.cancel();
      pinned = pinned.filter((other) => other !== pane);
    },
    exchange(pane) {
      acts += 1;
      const before = live;
      pinned = pinned.map((other) => (other === pane ? before : other));
      live = pane;
      live.choice.view.follows = false;
      void inspection.inspect(live.choice.asking.case, live.choice.asking.input);
    },
    open(reading, name) {
      acts += 1;
      showSaved(live, reading, name);
      view = 'read';
      void inspection.inspect(live.choice.asking.case, live.choice.asking.input);
    },
    address: () => hash,
    start() {
      let shown: string | null = null;
      let beside = pinned.length;
      const write = (): void => {
        if (location.hash === hash) return;
        // The back button goes from page to page, not from one choice to the next.
        const step = shown !== null && (shown !== view || beside !== pinned.length);
        history[step ? 'pushState' : 'replaceState'](null, '', hash);
        shown = view;
        beside = pinned.length;
      };
      const end = $effect.root(() => {
        $effect(() => {
          if (!ready) return;
          if (location.hash === hash) {
            // Reached by a link or the back button: the next change is a step from here.
            [shown, beside] = [view, pinned.length];
            return;
          }
          const timer = setTimeout(write, shown === view ? addressMilliseconds : 0);
          return () => clearTimeout(timer);
        });
      });
      addEventListener('hashchange', follow);
      void load();
      return () => {
        end();
        removeEventListener('hashchange', follow);
      };
    },
  };
}

/** An object whose changes are noticed. */
function changing<T extends object>(start: T): T {
  const own = $state(start);
  return own;
}

/** The index of a place by its name or number; null where the input has none. */
function indexOf(position: string | number | null, input: Inspected | null): number | null {
  if (position === null || input === null) return null;
  const { tokens } = input;
  const index =
    typeof position === 'string'
      ? tokens.findIndex(({ place }) => place === position)
      : position < 0
        ? tokens.length + position
        : position;
  return index >= 0 && index < tokens.length ? index : null;
}
