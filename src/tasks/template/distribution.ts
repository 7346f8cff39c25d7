/**
 * How likely the texts of a template are.
 * @module
 */
import { type Distribution, type Feature } from '../task.js';
import { type TemplateFeature } from './features.js';
import { type TemplateInputs } from './inputs.js';
import { type Filling, type TemplateTexts, type WrittenText } from './texts.js';

/** The distribution of a template's texts. @param features the task's own */
export function templateDistribution(
  texts: TemplateTexts,
  inputs: TemplateInputs,
  features: readonly TemplateFeature[],
): Distribution {
  const own = new Map<Feature, TemplateFeature>(features.map((feature) => [feature, feature]));
  return {
    // Fillings that give the same text add up.
    logProbability: (ids) => logSum(inputs.fillings(ids).map((filling) => texts.logProbability(filling))),
    draw: (random) => inputs.ids(texts.draw(random)),
    sketch(random) {
      const drawn = texts.draw(random);
      const written = texts.write(drawn);
      let first: { readonly filling: Filling; readonly written: WrittenText } | null = null;
      // Features are those of the first filling that gives a text, as where they are asked of its tokens.
      const known = () => {
        if (first !== null) return first;
        const filling = texts.read(written.text)[0] ?? drawn;
        return (first = { filling, written: isSame(filling, drawn) ? written : texts.write(filling) });
      };
      return {
        key: written.text,
        ids: () => inputs.ids(drawn),
        value: (feature) => own.get(feature)?.known(known()),
      };
    },
  };
}

const isSame = (a: Filling, b: Filling): boolean =>
  a.pattern === b.pattern && a.values.every((value, at) => value === b.values[at]);

function logSum(logs: readonly number[]): number {
  const most = Math.max(-Infinity, ...logs);
  if (most === -Infinity) return most;
  return most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0));
}
