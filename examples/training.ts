/**
 * A training is a recipe: every step follows from it. Ten steps of a decoder, without files.
 * @module
 */
import { createTrainer } from 'inversionview/engine';
import { nodeRuntime } from 'inversionview/engine/node';
import { modelFor } from 'inversionview/jobs';
import { addition, decoderRecipe } from 'inversionview/studies';
import { planDecoderTraining } from 'inversionview/training';

const runtime = nodeRuntime();
const model = await modelFor(addition, undefined, 'transformerlens');
const recipe = { ...decoderRecipe('addition', 'fast', 7), batch: 128 };
const plan = await planDecoderTraining(runtime, model, addition, recipe);
const trainer = createTrainer(runtime, plan.spec, plan.start());
for (let step = 0; step < 10; step++) {
  const { variant, feeds } = await plan.feeds(step);
  const { loss } = await trainer.step(feeds, variant);
  console.log(`step ${step + 1}: loss ${loss.toFixed(4)} nats a token`);
}
await trainer.dispose();
await plan.dispose();
