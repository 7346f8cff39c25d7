/**
 * `npm run bench:recipes`: what each change from the paper's recipe to ours gives. Decoders of addition are trained for
 * equally many steps, each with one more change than the one before, and their in-preimage rates are measured.
 *
 *     npm run bench:recipes -- [--steps 400] [--queries 200] [--only N] [--json]
 * @module
 */
import { parseArgs } from 'node:util';
import { type Tensor, createTrainer } from '../src/engine/index.js';
import { nodeRuntime } from '../src/engine/runtime/node.js';
import { makeDecoder } from '../src/inversion/decoder.js';
import { averageRate, inPreimageRates } from '../src/inversion/evaluate.js';
import { type ParameterSet } from '../src/models/weights/fingerprint.js';
import { addition, decoderRecipe } from '../src/studies/index.js';
import { type DecoderRecipe } from '../src/training/decoder-recipe.js';
import { planDecoderTraining } from '../src/training/decoder-training.js';
import { additionModel } from './works.js';

const { values: options } = parseArgs({
  options: {
    steps: { type: 'string', default: '400' },
    queries: { type: 'string', default: '200' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const steps = Number(options.steps);

type Change = (recipe: DecoderRecipe) => DecoderRecipe;
const architecture =
  (change: Partial<DecoderRecipe['architecture']>): Change =>
  (recipe) => ({ ...recipe, architecture: { ...recipe.architecture, ...change } });

const fast = decoderRecipe('addition', 'fast');
const unwhitened = { ...fast.architecture.conditioning, standardize: 'scale' as const };
/** From the paper's recipe (at our batch, without rebalancing) to ours, a change at a time. */
const ladder: readonly (readonly [what: string, change: Change])[] = [
  ["the paper's recipe", (recipe) => ({ ...recipe, batch: fast.batch, perInput: fast.perInput })],
  [
    'learning rate 2e-3, warm-up and cosine',
    (recipe) => ({ ...recipe, schedule: { ...fast.schedule, steps, warmup: Math.min(200, steps / 10) } }),
  ],
  ['no dropout', (recipe) => ({ ...recipe, dropout: 0 })],
  ['only the free tokens are said', architecture({ form: 'completion' })],
  ["a site's own projection, wider blocks", architecture({ conditioning: unwhitened })],
  ['activation added to each embedding', architecture({ additive: true })],
  ['squared ReLU', architecture({ activation: 'relu2' })],
  ['Muon', (recipe) => ({ ...recipe, optimizer: fast.optimizer, clip: fast.clip })],
  ['activations whitened by site', architecture({ conditioning: fast.architecture.conditioning })],
];

const runtime = nodeRuntime();
const model = await additionModel();

/** Trains by a recipe for the steps of its schedule and measures. */
async function measure(recipe: DecoderRecipe) {
  const plan = await planDecoderTraining(runtime, model, addition, recipe);
  const trainer = createTrainer(runtime, plan.spec, plan.start());
  let loss = 0;
  const start = performance.now();
  for (let step = 0; step < steps; step++) {
    const { variant, feeds } = await plan.feeds(step);
    loss = (await trainer.step(feeds, variant)).loss;
  }
  const stepSeconds = (performance.now() - start) / 1000 / steps;
  const all = new Map<string, Tensor>([...trainer.state().parameters, ...plan.statistics]);
  const parameters: ParameterSet = new Map(
    [...all].map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from(data as Float32Array) },
    ]),
  );
  const rates = await inPreimageRates(
    runtime,
    model,
    makeDecoder('bench', plan.config, parameters),
    addition,
    {
      queries: Number(options.queries),
      seed: 11,
    },
  );
  await trainer.dispose();
  await plan.dispose();
  return { stepSeconds, loss, rate: averageRate(rates) };
}

let recipe: DecoderRecipe = { ...decoderRecipe('addition', 'paper'), rebalance: 0 };
recipe = { ...recipe, schedule: { ...recipe.schedule, steps } };
if (!options.json) console.log(`${runtime.name}, ${steps} steps of ${fast.batch} samples, addition\n`);
for (const [at, [what, change]] of ladder.entries()) {
  recipe = change(recipe);
  if (options.only !== undefined && Number(options.only) !== at) continue;
  const result = await measure(recipe);
  if (options.json) console.log(JSON.stringify({ change: what, steps, ...result }));
  else
    console.log(
      `${what.padEnd(42)} rate ${result.rate.toFixed(3)}  loss ${result.loss.toFixed(3)}  ${result.stepSeconds.toFixed(3)} s a step`,
    );
}
