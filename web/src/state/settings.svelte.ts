/**
 * What a person set once for this browser: light or dark, single-key shortcuts, whether the guided reading was offered.
 * @module
 */
import type { Scheme } from '../../../src/report/palette.js';

/** `auto` goes with the system. */
export type Theme = 'auto' | Scheme;

/** Settings of this browser. */
export interface Settings {
  theme: Theme;
  /** Whether letters without Ctrl or Alt are commands. */
  shortcuts: boolean;
  /** Whether the guided reading was taken or declined. */
  guided: boolean;
  /** What `theme` comes to. */
  readonly scheme: Scheme;
}

const place = 'inversionview';

interface Stored {
  theme?: unknown;
  shortcuts?: unknown;
  guided?: unknown;
}

function stored(): Stored {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(place) ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // Storage may be switched off, or hold something else's text.
    return {};
  }
}

/** Reads the settings and keeps the page's scheme in step with them. */
export function createSettings(): Settings {
  const before = stored();
  const system = matchMedia('(prefers-color-scheme: dark)');
  let systemDark = $state(system.matches);
  const kept = $state({
    theme: (['auto', 'light', 'dark'] as const).find((theme) => theme === before.theme) ?? 'auto',
    shortcuts: before.shortcuts !== false,
    guided: before.guided === true,
  });
  const scheme = $derived<Scheme>(kept.theme === 'auto' ? (systemDark ? 'dark' : 'light') : kept.theme);
  const show = (): void => {
    document.documentElement.dataset['scheme'] = scheme;
  };
  show();
  system.addEventListener('change', ({ matches }) => {
    systemDark = matches;
    show();
  });
  function keep(): void {
    show();
    try {
      localStorage.setItem(place, JSON.stringify(kept));
    } catch {
      // The choice holds for this page alone.
    }
  }
  return {
    get theme() {
      return kept.theme;
    },
    set theme(theme) {
      kept.theme = theme;
      keep();
    },
    get shortcuts() {
      return kept.shortcuts;
    },
    set shortcuts(on) {
      kept.shortcuts = on;
      keep();
    },
    get guided() {
      return kept.guided;
    },
    set guided(done) {
      kept.guided = done;
      keep();
    },
    get scheme() {
      return scheme;
    },
  };
}
