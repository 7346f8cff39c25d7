/**
 * The method in one call: what does head 0 of layer 0 know at "="?
 * @module
 */
import { nodeRuntime } from 'inversionview/engine/node';
import { createReader } from 'inversionview/inversion';
import { decoderFor, modelFor } from 'inversionview/jobs';
import { addition } from 'inversionview/studies';
import { resolvePosition } from 'inversionview/tasks';

const model = await modelFor(addition, undefined, 'transformerlens');
const decoder = await decoderFor(addition, undefined, model);
const reader = createReader(nodeRuntime(), model, decoder, addition);
const ids = addition.encode('535+861=1396');

for (const site of ['a0.0', 'x0.post']) {
  const position = resolvePosition(addition, ids, '=');
  const { reading } = await reader.read({ ids, site, position, seed: 1 });
  const inside = reading.samples.filter((sample) => sample.inside);
  console.log(
    `${site} at "=": ${reading.inside} of ${reading.candidates} candidates inside, ${inside.length} of them shown`,
  );
  for (const { text, distance } of inside.slice(0, 5)) console.log(`  ${text}  ${distance.toFixed(3)}`);
}
await reader.dispose();
