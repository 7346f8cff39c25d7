/**
 * A GPT-2 with hooks: activations by TransformerLens' names, and a run in which one head is silenced.
 * @module
 */
import { floatsOf, mul } from 'inversionview/engine';
import { nodeRuntime } from 'inversionview/engine/node';
import { modelFor } from 'inversionview/jobs';
import { headSite, runWithCache } from 'inversionview/models';
import { addition } from 'inversionview/studies';
import { tokenCount, tokenOf } from 'inversionview/tasks';

const runtime = nodeRuntime();
// Any directory of a Hugging Face GPT-2: loadModel(await openDirectory('path'), 'none'). This is the shipped one.
const model = await modelFor(addition, undefined, 'transformerlens');
const ids = addition.encode('615+861=1476');

const head = headSite(0, 0);
const cache = await runWithCache(runtime, model, [ids], {
  names: [head, 'blocks.0.attn.hook_pattern', 'logits'],
});
for (const [name, { shape }] of Object.entries(cache)) console.log(name.padEnd(32), `[${shape.join(', ')}]`);

/** The token that the model holds likeliest after "=". */
function answered(logits: Float32Array): string {
  const size = tokenCount(addition);
  const after = logits.subarray(8 * size, 9 * size);
  return tokenOf(addition, after.indexOf(Math.max(...after)));
}
console.log(`after "=": ${answered(floatsOf(cache, 'logits'))}`);

for (let index = 0; index < 4; index++) {
  const silenced = await runWithCache(runtime, model, [ids], {
    names: ['logits'],
    interventions: new Map([[headSite(0, index), (z) => mul(z, 0)]]),
  });
  console.log(`after "=", head ${index} of layer 0 silenced: ${answered(floatsOf(silenced, 'logits'))}`);
}
