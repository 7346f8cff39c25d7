/**
 * What could be known of a text of a template: each slot's filler and its attributes, unordered pairs, which of two came
 * first, the pattern and what the file says of it.
 * @module
 */
import { type Feature, type FeatureValue } from '../feature.js';
import { attributesOf } from './operands.js';
import { type TemplateInput, type TemplateInputs } from './inputs.js';
import { type TemplateTexts } from './texts.js';

/** What a text is made of. */
export type KnownText = Pick<TemplateInput, 'filling' | 'written'>;

/** A feature of a text that can also be told from what it is made of. */
export interface TemplateFeature extends Feature {
  known(text: KnownText): FeatureValue;
}

/** Features of a template's texts. */
export function templateFeatures(texts: TemplateTexts, inputs: TemplateInputs): TemplateFeature[] {
  const { template, patterns } = texts;
  const { slots } = template;
  const used = new Set(patterns.flatMap(({ variables }) => variables.map(({ slot }) => slot)));
  const shown = [...slots].filter(
    ([name, slot]) => used.has(name) || ['other-of', 'attribute', 'either'].includes(slot.kind),
  );
  const feature = (
    name: string,
    about: string,
    phrase: string,
    of: (text: KnownText, own: (typeof patterns)[number]) => FeatureValue,
  ): TemplateFeature => {
    const known = (text: KnownText): FeatureValue => {
      const own = patterns[text.filling.pattern];
      return own === undefined ? null : of(text, own);
    };
    return {
      name,
      about,
      phrase,
      of(ids) {
        const input = inputs.of(ids);
        return input === null ? null : known(input);
      },
      known,
    };
  };
  const has = (own: (typeof patterns)[number], slot: string): boolean =>
    own.variables.some((variable) => variable.slot === slot) || !used.has(slot);
  const found: TemplateFeature[] = shown.flatMap(([name, slot]) => {
    const about = `the ${name}`;
    const text = feature(name, about, about, ({ filling }, own) =>
      has(own, name) ? (own.filler(name, filling.values)?.text ?? null) : null,
    );
    const attributes = attributesOf(slot, slots).map((attribute) =>
      feature(`${name}.${attribute}`, about, `the ${attribute} of the ${name}`, ({ filling }, own) =>
        has(own, name) ? (own.filler(name, filling.values)?.attributes.get(attribute) ?? null) : null,
      ),
    );
    if (slot.kind !== 'one-of') return [text, ...attributes];
    // Which of the slots that it may take stands first in the text.
    const order = feature(
      `${name}.order`,
      'the order',
      `where among ${slot.slots.join(' and ')} the ${name} came first`,
      ({ filling, written }, own) => {
        const roots = [
          ...new Set(written.mentions.flatMap(({ root }) => (slot.slots.includes(root) ? [root] : []))),
        ];
        const root = own.root(name, filling.values);
        const at = root === null ? -1 : roots.indexOf(root);
        return at < 0 ? null : at + 1;
      },
    );
    return [text, ...attributes, order];
  });
  const families = [...slots].flatMap(([name, slot]) =>
    slot.kind === 'fillers' && used.has(name) ? [{ name, family: slot.family }] : [],
  );
  families.forEach(({ name, family }, at) => {
    for (const other of families.slice(at + 1)) {
      if (other.family !== family) continue;
      found.push(
        feature(
          `{${name},${other.name}}`,
          'the order',
          `the ${name} and the ${other.name}, order lost`,
          ({ filling }, own) => {
            const pair = [own.filler(name, filling.values), own.filler(other.name, filling.values)];
            return pair.includes(null)
              ? null
              : pair
                  .map((one) => one?.text ?? '')
                  .sort()
                  .join(',');
          },
        ),
      );
    }
  });
  for (const name of new Set(template.patterns.flatMap(({ attributes }) => [...attributes.keys()])))
    found.push(
      feature(name, `the ${name}`, `the ${name}`, (_, { pattern }) => pattern.attributes.get(name) ?? null),
    );
  if (patterns.length > 1)
    found.push(feature('pattern', 'the pattern', 'which pattern', ({ filling }) => filling.pattern + 1));
  const names = new Set<string>();
  // An attribute may be called as a feature of ours is; the file's own comes first.
  return found.filter(({ name }) => !names.has(name) && names.add(name));
}
