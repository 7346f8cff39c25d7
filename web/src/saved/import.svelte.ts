/**
 * Import of files that are chosen, or dropped anywhere on the page.
 * @module
 */
import { sayProblem } from '../problems.js';
import type { Workbench } from '../state/workbench.svelte.js';

/** What becomes of files. */
export interface Importing {
  /** Whether a file hovers over the page. */
  readonly dropping: boolean;
  readonly busy: boolean;
  readonly problem: string;
  /** Opens a file as the live reading. */
  open(file: File): Promise<void>;
  /** Listens for dropped files; returns what ends that. */
  start(): () => void;
}

/** Makes it; nothing is listened to before `start`. */
export function createImport(bench: Workbench): Importing {
  let dropping = $state(false);
  let busy = $state(false);
  let problem = $state('');

  async function open(file: File): Promise<void> {
    busy = true;
    problem = '';
    try {
      const content = parse(await file.text(), file.name);
      bench.open(await bench.client.import({ name: file.name, content }), null);
    } catch (error) {
      problem = sayProblem(error);
      // The page of saved readings shows the problem.
      bench.view = 'saved';
    } finally {
      busy = false;
    }
  }

  const hasFile = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;
  function over(event: DragEvent): void {
    if (!hasFile(event)) return;
    event.preventDefault();
    dropping = true;
  }
  function leave(event: DragEvent): void {
    if (event.relatedTarget === null) dropping = false;
  }
  function drop(event: DragEvent): void {
    if (!hasFile(event)) return;
    event.preventDefault();
    dropping = false;
    const file = event.dataTransfer?.files[0];
    if (file !== undefined) void open(file);
  }

  return {
    get dropping() {
      return dropping;
    },
    get busy() {
      return busy;
    },
    get problem() {
      return problem;
    },
    open,
    start() {
      addEventListener('dragover', over);
      addEventListener('dragleave', leave);
      addEventListener('drop', drop);
      return () => {
        removeEventListener('dragover', over);
        removeEventListener('dragleave', leave);
        removeEventListener('drop', drop);
      };
    },
  };
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(
      `${name} is not JSON. Saved readings, what inversionview read --json prints and cached files of the published app are taken.`,
    );
  }
}
