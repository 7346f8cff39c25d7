/**
 * What a decoder is: its size, what it conditions on and over which tokens it speaks. Stored as
 * `config.json` beside its weights.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../input-error.js';

const count = z.number().int().min(1).max(100_000);

/**
 * How an activation `z` of a site `s` becomes the conditioning vector.
 * - `residual-mlp`: the published one. `u = [z ; e_s]`, residual blocks `u + W2·relu(W1·LN(u))`, a last LN.
 * - `site-projection`: ours. `z`, standardised by its site's statistics, through a linear map of the
 *   site's own, then residual blocks of relu² at the conditioning width. Standardised by the mean and one `scale`,
 *   or by the mean and a `whiten`ing matrix, after which every direction has the same spread.
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
  sites: z.array(z.string()).min(1),
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
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new InputError(
      `${name}: "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'not a decoder config'}`,
    );
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

/** Every parameter of a decoder. `statistics` are filled from the activations of each site. */
export function decoderParameters(config: DecoderConfig): Map<string, ParameterPlan> {
  const { width, inner, layers, conditioning, activation_width: depth } = config;
  const plans = new Map<string, ParameterPlan>();
  const put = (name: string, shape: readonly number[], initial: Initial): void => {
    plans.set(name, { shape, initial });
  };
  const norm = (name: string, size: number): void => {
    put(`${name}.weight`, [size], 'ones');
    put(`${name}.bias`, [size], 'zeros');
  };
  // GPT-2's start for the decoder itself, and for the conditioning as it is published; PyTorch's for our own conditioning.
  const gpt = (name: string, rows: number, columns: number, deviation = 0.02): void => {
    put(`${name}.weight`, [rows, columns], { normal: deviation });
    put(`${name}.bias`, [columns], 'zeros');
  };
  const linear = (name: string, rows: number, columns: number): void => {
    const uniform = 1 / Math.sqrt(rows);
    put(`${name}.weight`, [rows, columns], { uniform });
    put(`${name}.bias`, [columns], { uniform });
  };
  const conditioned = conditioning.kind === 'residual-mlp' ? gpt : linear;
  const sites = config.sites.length;
  const channel = conditioningWidth(config);

  if (conditioning.kind === 'residual-mlp') {
    put('condition.site.weight', [sites, sites], 'statistics');
  } else {
    put('condition.mean', [sites, depth], 'statistics');
    if (conditioning.standardize === 'whiten') put('condition.whiten', [sites * depth, depth], 'statistics');
    else put('condition.scale', [sites, 1], 'statistics');
    put('condition.project.weight', [sites * depth, channel], { normal: 1 / Math.sqrt(depth) });
    put('condition.project.bias', [sites, channel], 'zeros');
  }
  for (let block = 0; block < conditioning.blocks; block++) {
    norm(`condition.${block}.ln`, channel);
    conditioned(`condition.${block}.fc`, channel, conditioning.hidden);
    conditioned(`condition.${block}.proj`, conditioning.hidden, channel);
  }
  norm('condition.ln', channel);
  if (config.additive) conditioned('condition.add', channel, width);

  put('wte.weight', [config.vocabulary, width], { normal: 0.02 });
  put('wpe.weight', [config.places, width], { normal: 0.02 });
  for (let layer = 0; layer < layers; layer++) {
    const own = `h.${layer}`;
    conditioned(`${own}.prefix`, channel, width);
    norm(`${own}.prefix_ln`, width);
    norm(`${own}.ln_1`, width);
    gpt(`${own}.attn.c_attn`, width, 3 * width);
    gpt(`${own}.attn.c_proj`, width, width, 0.02 / Math.sqrt(2 * layers));
    norm(`${own}.ln_2`, width);
    gpt(`${own}.mlp.c_fc`, width, inner);
    gpt(`${own}.mlp.c_proj`, inner, width, 0.02 / Math.sqrt(2 * layers));
  }
  norm('ln_f', width);
  return plans;
}

/** Parameters that describe the data and are not trained. */
export const isStatistic = (name: string): boolean => /^condition\.(mean|scale|whiten)$/.test(name);
