/**
 * Keyboard shortcuts of the page. Arrow keys move the selection and letters run commands; neither does anything while
 * someone is typing, or in a list, slider or map that uses the arrow keys itself.
 * @module
 */

/** A key and what it does. */
export interface Shortcut {
  readonly key: string;
  /** As it is written in the help; the key itself unless given. */
  readonly shown?: string;
  readonly what: string;
  readonly run: () => void;
}

const typed = 'input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]';
const ownArrows = '[role=listbox], [role=slider], [role=grid], [role=menu], [role=tablist], input, dialog';

/** The shortcut that a key press means, if any. @param letters whether single letters are commands */
export function shortcutFor(
  event: KeyboardEvent,
  shortcuts: readonly Shortcut[],
  letters: boolean,
): Shortcut | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return undefined;
  const target = event.target instanceof Element ? event.target : document.body;
  if (target.closest(typed) !== null || document.querySelector('dialog[open]') !== null) return undefined;
  const arrow = event.key.startsWith('Arrow');
  if (arrow && target.closest(ownArrows) !== null) return undefined;
  if (!arrow && !letters && event.key !== 'Escape') return undefined;
  return shortcuts.find(({ key }) => key === event.key);
}
