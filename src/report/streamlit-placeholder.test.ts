import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleRoots, placeholderName, placeholdersOf } from './streamlit-placeholder.js';

const [generations = '', countings = '', attentions = '', countingAttentions = ''] = exampleRoots;
const stub = (root: string): string => `${root}/${placeholderName}`;

describe('placeholdersOf', () => {
  it('gives addition an empty example where counting stands alone, with the positions the page labels', () => {
    const { add, remove } = placeholdersOf([`${countings}/Ba|a:1`, `${countingAttentions}/Ba|a:1`]);
    expect(remove).toEqual([]);
    expect(add.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)).sort()).toEqual([
      '0-0.json',
      ...[10, 11, 4, 8, 9].map((position) => `blocks.0.hook_resid_pre-${position}-Auto-none.json`),
    ]);
    for (const { contents } of add) expect(() => JSON.parse(contents) as unknown).not.toThrow();
  });

  it('takes it away where a real one stands, page by page', () => {
    expect(placeholdersOf([stub(generations), stub(attentions), `${generations}/B1+1=2`])).toEqual({
      add: [],
      remove: [stub(generations)],
    });
    expect(placeholdersOf([`${countings}/Ba|a:1`, stub(generations)])).toEqual({ add: [], remove: [] });
    expect(placeholdersOf([])).toEqual({ add: [], remove: [] });
  });

  it('never leaves an empty example beside a real one, nor a page without any', () => {
    const example = fc.constantFrom(
      ...exampleRoots.flatMap((root) => [`${root}/one`, `${root}/two`]),
      stub(generations),
      stub(attentions),
    );
    fc.assert(
      fc.property(fc.uniqueArray(example), (standing) => {
        const { add, remove } = placeholdersOf(standing);
        const folders = add.map(({ path }) => path.slice(0, path.lastIndexOf('/')));
        const tree = new Set([...standing, ...folders]);
        for (const folder of remove) tree.delete(folder);
        for (const [opening, other] of [
          [generations, countings],
          [attentions, countingAttentions],
        ] as const) {
          const real = (root: string): boolean => tree.has(`${root}/one`) || tree.has(`${root}/two`);
          if (real(opening)) expect(tree).not.toContain(stub(opening));
          else if (real(other)) expect(tree).toContain(stub(opening));
        }
        expect(placeholdersOf([...tree])).toEqual({ add: [], remove: [] });
      }),
    );
  });
});
