/**
 * Moving over the cells of a grid with the arrow keys: one cell has the focus at a time, as in the ARIA grid pattern.
 * Cells state their place in `data-cell`: `row column`.
 * @module
 */

/** See the module. */
export interface GridWalk {
  /** Whether a cell is the one that Tab comes to. */
  isAt(row: number, column: number): boolean;
  /** A cell that took the focus. */
  at(row: number, column: number): void;
  /** Of the grid. */
  onkeydown(event: KeyboardEvent & { currentTarget: HTMLElement }): void;
}

const moves: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** @param size rows and columns, as they are now */
export function createGridWalk(size: () => readonly [number, number]): GridWalk {
  let focus = $state.raw<readonly [number, number]>([0, 0]);
  return {
    isAt: (row, column) => row === focus[0] && column === focus[1],
    at(row, column) {
      focus = [row, column];
    },
    onkeydown(event) {
      const move = moves[event.key];
      if (move === undefined) return;
      event.preventDefault();
      const [rows, columns] = size();
      const row = Math.max(0, Math.min(rows - 1, focus[0] + move[0]));
      const column = Math.max(0, Math.min(columns - 1, focus[1] + move[1]));
      focus = [row, column];
      event.currentTarget.querySelector<HTMLElement>(`[data-cell="${row} ${column}"]`)?.focus();
    },
  };
}
