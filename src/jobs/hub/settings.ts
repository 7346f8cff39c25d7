/**
 * Where models of the Hugging Face Hub come from and where they are saved: the same environment variables and the
 * same cache as Python's huggingface_hub, so that neither fetches what the other has.
 * @module
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** How the hub is reached. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | null;
  /** The directory that holds `models--owner--name`. */
  readonly cache: string;
  /** Whether no request may be made. */
  readonly offline: boolean;
}

const isTrue = (value: string | undefined): boolean => /^(1|true|yes|on)$/i.test(value ?? '');

/** A path that may begin with `~`, the user's home. */
export const expanded = (path: string): string => path.replace(/^~(?=$|\/)/, homedir());

function storedToken(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim() || null;
  } catch {
    return null;
  }
}

/**
 * Settings from `HF_ENDPOINT`, `HF_TOKEN` (or the file that `huggingface-cli login` writes), `HF_HUB_CACHE`, `HF_HOME`,
 * `HF_HUB_OFFLINE` and `TRANSFORMERS_OFFLINE`.
 * @param offline asks for no request, whatever the environment says
 */
export function hubSettings(env: NodeJS.ProcessEnv = process.env, offline = false): HubSettings {
  const set = (name: string): string | undefined => env[name] || undefined;
  const home = expanded(
    set('HF_HOME') ?? join(set('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'huggingface'),
  );
  return {
    endpoint: (set('HF_ENDPOINT') ?? 'https://huggingface.co').replace(/\/+$/, ''),
    token:
      set('HF_TOKEN') ??
      set('HUGGING_FACE_HUB_TOKEN') ??
      storedToken(expanded(set('HF_TOKEN_PATH') ?? join(home, 'token'))),
    cache: expanded(set('HF_HUB_CACHE') ?? set('HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub')),
    offline: offline || isTrue(env['HF_HUB_OFFLINE']) || isTrue(env['TRANSFORMERS_OFFLINE']),
  };
}
