/**
 * What the published web app needs to open at all: both of its pages open with addition, and fail where it has no example.
 * Where none stands, an empty example that says so keeps the other tasks within reach. It must not stand beside real
 * ones, since the app picks an example at random.
 * @module
 */
import { type ExportedFile } from './streamlit.js';

/** Name of the empty example; the pages list it. */
export const placeholderName = '(no addition exported)';

interface Page {
  /** Folders of examples, the one that the page opens with first. */
  readonly roots: readonly [opening: string, ...others: string[]];
  readonly empty: readonly ExportedFile[];
}

const generations = 'training_outputs/cached_addition_generation';
const attentions = 'webAPP/cached_attention';
const pages: readonly Page[] = [
  {
    roots: [generations, 'training_outputs/cached_counting_generation'],
    empty: [4, 8, 9, 10, 11].map((position) => ({
      path: `${generations}/${placeholderName}/blocks.0.hook_resid_pre-${position}-Auto-none.json`,
      contents: '{}',
    })),
  },
  {
    roots: [attentions, 'webAPP/cached_counting_attention'],
    empty: [
      {
        path: `${attentions}/${placeholderName}/0-0.json`,
        contents: JSON.stringify({ str_tokens: [], layer_idx: 0, head_idx: 0, attn_weights: [] }),
      },
    ],
  },
];

/** Folders in which the app looks for examples, relative to the root of its repository. */
export const exampleRoots: readonly string[] = pages.flatMap(({ roots }) => roots);

/**
 * What a tree of the app's files lacks, or has too much of, for its pages to open with a real example or an empty one.
 * @param examples folders of examples in the tree, each under one of {@link exampleRoots}: `root/example`
 */
export function placeholdersOf(examples: readonly string[]): {
  readonly add: readonly ExportedFile[];
  /** Folders. */
  readonly remove: readonly string[];
} {
  const add: ExportedFile[] = [];
  const remove: string[] = [];
  for (const { roots, empty } of pages) {
    const [opening] = roots;
    const placeholder = `${opening}/${placeholderName}`;
    const real = examples.filter((example) => example !== placeholder);
    const under = (root: string): boolean => real.some((example) => example.startsWith(`${root}/`));
    const stands = examples.includes(placeholder);
    if (under(opening)) {
      if (stands) remove.push(placeholder);
    } else if (!stands && roots.some(under)) add.push(...empty);
  }
  return { add, remove };
}
