/**
 * Names of models on the Hugging Face Hub: `owner/name`, `owner/name@revision`, and one GGUF file of a repository,
 * `owner/name/file.gguf`.
 * @module
 */

/** A model on the hub. */
export interface HubName {
  /** `owner/name`. */
  readonly repository: string;
  /** A branch, tag or commit. */
  readonly revision: string;
  /** One file instead of a whole checkpoint. */
  readonly file: string | null;
}

const part = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,95})';
const pattern = new RegExp(`^(${part}/${part})(?:/([A-Za-z0-9._/-]+\\.gguf))?(?:@([A-Za-z0-9._/-]+))?$`);

/** Reads a name; null where the text is none. */
export function hubName(text: string): HubName | null {
  const match = pattern.exec(text);
  const [, repository, file, revision] = match ?? [];
  const climbs = [file, revision].some((one) => one?.split('/').some((step) => step === '..' || step === ''));
  if (repository === undefined || repository.includes('..') || climbs) return null;
  return { repository, revision: revision ?? 'main', file: file ?? null };
}

/** The name as a person writes it. */
export const hubNameText = ({ repository, file, revision }: HubName): string =>
  `${repository}${file === null ? '' : `/${file}`}${revision === 'main' ? '' : `@${revision}`}`;
