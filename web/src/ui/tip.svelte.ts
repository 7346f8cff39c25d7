/**
 * The tooltip of the element with `data-tip` that has the pointer or the focus. It only repeats what labels and text say
 * elsewhere, except for the distances of tokens, which the list of samples also offers to the keyboard.
 * @module
 */

/** The label and where it stands; null when there is none. */
export interface Tip {
  readonly text: string;
  /** Middle of the element and its upper and lower edge, in pixels of the window. */
  readonly x: number;
  readonly top: number;
  readonly bottom: number;
}

let tip = $state.raw<Tip | null>(null);

/** The label to draw. */
export const currentTip = (): Tip | null => tip;

/** Takes the label away. */
export function hideTip(): void {
  if (tip !== null) tip = null;
}

/** Shows a label at an element. */
export function showTip(element: Element, text: string): void {
  const { left, width, top, bottom } = element.getBoundingClientRect();
  tip = { text, x: left + width / 2, top, bottom };
}

function follow({ target }: Event): void {
  const element = target instanceof Element ? target.closest('[data-tip]') : null;
  const text = element?.getAttribute('data-tip') ?? '';
  if (element === null || text === '') hideTip();
  else showTip(element, text);
}

/** Follows pointer and focus on the whole page; returns what ends that. */
export function followTips(): () => void {
  const onKey = ({ key }: KeyboardEvent): void => {
    if (key === 'Escape') hideTip();
  };
  const focused = (event: Event): void => {
    // A click also gives focus, and needs no tooltip.
    if (event.target instanceof Element && event.target.matches(':focus-visible')) follow(event);
  };
  // An element removed during rendering loses the focus at a time when no state may change.
  const left = (): void => queueMicrotask(hideTip);
  addEventListener('pointerover', follow);
  addEventListener('focusin', focused);
  addEventListener('focusout', left);
  addEventListener('scroll', hideTip, true);
  addEventListener('keydown', onKey);
  return () => {
    removeEventListener('pointerover', follow);
    removeEventListener('focusin', focused);
    removeEventListener('focusout', left);
    removeEventListener('scroll', hideTip, true);
    removeEventListener('keydown', onKey);
  };
}
