/**
 * What a decoder is: its size, what it conditions on and over which tokens it speaks. Stored as
 * `config.json` beside its weights.
 * @module
 */
import { z } from 'zod';
import { fieldProblem } from '../field-problem.js';
import { InputError } from '../input-error.js';

const count = z.number().int().min(1).max(100_000);

/**
 * How an activation `z` of a site `s` becomes the conditioning vector.
 * - `residual-mlp`: the published one. `u = [z ; e_s]`, residual blocks `u + W2·relu(W1·LN(u))`, a last LN.
 * - `site-projection`: ours. `z`, standardised by its site's statistics, through a linear map of the
 *   site's own, then residual blocks of relu² at the conditioning width. Standardised by the mean and one `scale`,
 *   or by the mean and a `whiten`ing matrix, after which every direction has the same spread. With `directions`
 *   only so many are kept of a site, those of the largest spread: a head writes into no more than its own width.
 */
const conditioningSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('residual-mlp'), blocks: count, hidden: count }),
  z.object({
    kind: z.literal('site-projection'),
    width: count,
    blocks: count,
    hidden: count,
    /** `scale` where absent. */
    standardize: z.enum(['scale', 'whiten']).optional(),
    /** Whitened directions kept of a site; all where absent. */
    directions: count.optional(),
  }),
]);

/** The architecture of a decoder. */
export const decoderConfigSchema = z.object({
  layers: count,
  heads: count,
  width: count,
  /** Hidden width of the MLPs. */
  inner: count,
  activation: z.enum(['gelu', 'relu2']),
  vocabulary: count,
  /** Most tokens fed, BOS included. */
  places: count,
  /** Width of the activations. */
  activation_width: count,
  /** Hook names; a site's place in the list is its number. */
  sites: z.array(z.string().regex(/^[\w.]{1,100}$/, 'not the name of a hook')).min(1),
  conditioning: conditioningSchema,
  /** Whether the conditioning is also added to every token's embedding. */
  additive: z.boolean(),
  /** `plain`: whole sequences to EOS. `completion`: the free tokens, the task completes them. */
  form: z.enum(['plain', 'completion']),
});

/** The architecture of a decoder. */
export type DecoderConfig = z.infer<typeof decoderConfigSchema>;
/** How an activation becomes the conditioning vector. */
export type Conditioning = DecoderConfig['conditioning'];

/** @throws InputError naming the field that is wrong */
export function readDecoderConfig(json: unknown, name = 'config.json'): DecoderConfig {
  const result = decoderConfigSchema.safeParse(json);
  if (!result.success) throw new InputError(`${name}: ${fieldProblem(result.error, json)}`);
  const { conditioning, activation_width: depth } = result.data;
  if (conditioning.kind === 'site-projection' && conditioning.directions !== undefined) {
    const { directions, standardize } = conditioning;
    if (standardize !== 'whiten' || directions > depth) {
      throw new InputError(
        `${name}: directions ${directions} are of whitened activations, and at most their width ${depth}`,
      );
    }
  }
  if (result.data.width % result.data.heads !== 0) {
    throw new InputError(
      `${name}: width ${result.data.width} is not a multiple of heads ${result.data.heads}`,
    );
  }
  return result.data;
}

/** Width of the conditioning vector. */
export function conditioningWidth(config: DecoderConfig): number {
  const { conditioning } = config;
  return conditioning.kind === 'residual-mlp'
    ? config.activation_width + config.sites.length
    : conditioning.width;
}

/** How a parameter starts out. */
export type Initial =
  'zeros' | 'ones' | { readonly normal: number } | { readonly uniform: number } | 'statistics';

/** Shape and start of a parameter. */
export interface ParameterPlan {
  readonly shape: readonly number[];
  readonly initial: Initial;
}

type NamedPlan = [name: string, plan: ParameterPlan];

const planned = (name: string, shape: readonly number[], initial: Initial): NamedPlan => [
  name,
  { shape, initial },
];
const norm = (name: string, size: number): NamedPlan[] => [
  planned(`${name}.weight`, [size], 'ones'),
  planned(`${name}.bias`, [size], 'zeros'),
];
/** GPT-2's start, for the decoder itself. */
const gpt = (name: string, rows: number, columns: number, deviation = 0.02): NamedPlan[] => [
  planned(`${name}.weight`, [rows, columns], { normal: deviation }),
  planned(`${name}.bias`, [columns], 'zeros'),
];
/** PyTorch's, for linear layers of the conditioning. */
const linear = (name: string, rows: number, columns: number): NamedPlan[] => {
  const uniform = 1 / Math.sqrt(rows);
  return [
    planned(`${name}.weight`, [rows, columns], { uniform }),
    planned(`${name}.bias`, [columns], { uniform }),
  ];
};

/** Every parameter of a decoder. `statistics` are filled from the activations of each site. */
export const decoderParameters = (config: DecoderConfig): Map<string, ParameterPlan> =>
  new Map(plannedParameters(config));

/** The same one after another: a config may claim more layers than any file has. */
export function* plannedParameters(config: DecoderConfig): Generator<NamedPlan> {
  const { width, inner, layers, conditioning, activation_width: depth } = config;
  // As published; our own conditioning starts as PyTorch's linear layers do.
  const conditioned = conditioning.kind === 'residual-mlp' ? gpt : linear;
  const sites = config.sites.length;
  const channel = conditioningWidth(config);

  if (conditioning.kind === 'residual-mlp') {
    yield planned('condition.site.weight', [sites, sites], 'statistics');
  } else {
    const { directions } = conditioning;
    yield planned('condition.mean', [sites, depth], 'statistics');
    if (directions !== undefined) {
      // A row a site: looked up, so that what a step costs does not grow with the number of sites.
      yield planned('condition.whiten', [sites, depth * directions], 'statistics');
      yield planned('condition.project.weight', [sites, directions * channel], {
        normal: 1 / Math.sqrt(directions),
      });
    } else {
      if (conditioning.standardize === 'whiten')
        yield planned('condition.whiten', [sites * depth, depth], 'statistics');
      else yield planned('condition.scale', [sites, 1], 'statistics');
      yield planned('condition.project.weight', [sites * depth, channel], { normal: 1 / Math.sqrt(depth) });
    }
    yield planned('condition.project.bias', [sites, channel], 'zeros');
  }
  for (let block = 0; block < conditioning.blocks; block++) {
    yield* norm(`condition.${block}.ln`, channel);
    yield* conditioned(`condition.${block}.fc`, channel, conditioning.hidden);
    yield* conditioned(`condition.${block}.proj`, conditioning.hidden, channel);
  }
  yield* norm('condition.ln', channel);
  if (config.additive) yield* conditioned('condition.add', channel, width);

  yield planned('wte.weight', [config.vocabulary, width], { normal: 0.02 });
  yield planned('wpe.weight', [config.places, width], { normal: 0.02 });
  for (let layer = 0; layer < layers; layer++) {
    const own = `h.${layer}`;
    yield* conditioned(`${own}.prefix`, channel, width);
    yield* norm(`${own}.prefix_ln`, width);
    yield* norm(`${own}.ln_1`, width);
    yield* gpt(`${own}.attn.c_attn`, width, 3 * width);
    yield* gpt(`${own}.attn.c_proj`, width, width, 0.02 / Math.sqrt(2 * layers));
    yield* norm(`${own}.ln_2`, width);
    yield* gpt(`${own}.mlp.c_fc`, width, inner);
    yield* gpt(`${own}.mlp.c_proj`, inner, width, 0.02 / Math.sqrt(2 * layers));
  }
  yield* norm('ln_f', width);
}

/** Parameters that describe the data and are not trained. */
export const isStatistic = (name: string): boolean => /^condition\.(mean|scale|whiten)$/.test(name);
