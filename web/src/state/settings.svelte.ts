/**
 * Settings of this browser: light or dark, single-key shortcuts, whether the guided reading was offered.
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
    // Storage may be disabled, or hold text that something else wrote.
    return {};
  }
}

/** Reads the settings and keeps the page's scheme in step with them. */
export function createSettings(): Settings {
  const before = stored();
  const system = matchMedia('(prefers-color-scheme: dark)');
  let systemDark = $state(system.matches);
  const chosen = $state({
    theme: (['auto', 'light', 'dark'] as const).find((theme) => theme === before.theme) ?? 'auto',
    shortcuts: before.shortcuts !== false,
    guided: before.guided === true,
  });
  const scheme = $derived<Scheme>(chosen.theme === 'auto' ? (systemDark ? 'dark' : 'light') : chosen.theme);
  const show = (): void => {
    document.documentElement.dataset['scheme'] = scheme;
  };
  show();
  system.addEventListener('change', ({ matches }) => {
    systemDark = matches;
    show();
  });
  function store(): void {
    show();
    try {
      localStorage.setItem(place, JSON.stringify(chosen));
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }
  return {
    get theme() {
      return chosen.theme;
    },
    set theme(theme) {
      chosen.theme = theme;
      store();
    },
    get shortcuts() {
      return chosen.shortcuts;
    },
    set shortcuts(on) {
      chosen.shortcuts = on;
      store();
    },
    get guided() {
      return chosen.guided;
    },
    set guided(done) {
      chosen.guided = done;
      store();
    },
    get scheme() {
      return scheme;
    },
  };
}
