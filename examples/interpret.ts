/**
 * What an activation tells, in bits and in words, with a feature of one's own.
 */
import { nodeRuntime } from 'inversionview/engine/node';
import { activationsOf, createInterpreter } from 'inversionview/interpret';
import { decoderFor, modelFor } from 'inversionview/jobs';
import { addition } from 'inversionview/studies';
import { type Feature } from 'inversionview/tasks';

const runtime = nodeRuntime();
const model = await modelFor(addition, undefined, 'transformerlens');
const decoder = await decoderFor(addition, undefined, model);
const mine: Feature = { name: 'same hundreds', of: (ids) => (ids[1] === ids[5] ? 'yes' : 'no') };
const interpreter = createInterpreter(runtime, model, decoder, addition, {
  features: [...addition.features, mine],
});
const ids = addition.encode('535+861=1396');

for (const site of ['blocks.0.attn.hook_result.3', 'blocks.0.hook_resid_post']) {
  // Position 9 is A1, the first digit of the answer.
  const [z = new Float32Array(0)] = await activationsOf(runtime, model, addition, site, [
    { ids, position: 9 },
  ]);
  const answer = await interpreter.interpret({ ids, site, z, seed: 1 });
  const { estimate, features } = answer;
  console.log(
    `${site}: ${estimate?.bits?.toFixed(2) ?? 'too few samples for a number of'} bits; ${answer.readout().sentence}`,
  );
  const own = features.find(({ feature }) => feature === mine.name);
  console.log(`  ${mine.name}: ${own?.bits.toFixed(3) ?? '–'} of ${own?.before.toFixed(3) ?? '–'} bits`);
}
await interpreter.dispose();
