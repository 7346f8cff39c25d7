/**
 * GPT-2 as a graph with hooks. Every named activation is a value of the graph: asking for some makes a
 * graph that stops at the last of them; an intervention takes a value and gives the one to go on with.
 * @module
 */
import {
  type Value,
  GraphError,
  add,
  concat,
  constant,
  div,
  dropout,
  expand,
  formatShape,
  gather,
  gelu,
  gemm,
  layerNorm,
  matmul,
  mul,
  oneHot,
  relu,
  reshape,
  slice,
  softmax,
  split,
  sub,
  transpose,
} from '../engine/index.js';
import { type Gpt2Config, attentionScale } from './gpt2-config.js';
import { type blockHooks, blockHook, headSite, modelHooks } from './hooks.js';

/** Takes an activation, of the hook's shape, and gives the one that the run goes on with. */
export type Intervention = (activation: Value) => Value;

/** What a run may be given besides tokens. */
export interface Gpt2Options {
  /** Interventions by hook name; `blocks.L.attn.hook_result.H` is a head alone, `[batch, place, width]`. */
  readonly interventions?: ReadonlyMap<string, Intervention>;
  /**
   * One place a row, int32 `[batch]`: what is asked of the last block is asked of these places alone. All
   * values after its attention, logits too, then have one place.
   */
  readonly readAt?: Value;
  /** Dropout on embeddings and residual branches, while training. */
  readonly dropout?: { readonly rate: number; readonly seed: Value };
}

/** A run as values of a graph. */
export interface Gpt2Run {
  /** `[batch, place, vocabulary]` */
  readonly logits: Value;
  /**
   * Every activation by hook name, as it was after interventions. Residual stream, MLP and attention
   * outputs and single heads `[batch, place, width]`; q, k, v, z `[batch, place, head, width of a head]`;
   * result `[batch, place, head, width]`; scores and pattern `[batch, head, query place, key place]`;
   * scales `[batch, place, 1]`.
   */
  readonly cache: ReadonlyMap<string, Value>;
}

/** Scores added to keep a place from seeing later ones: `[places, places]`, −∞ above the diagonal. */
export function causalMask(places: number): Value {
  const data = new Float32Array(places * places);
  for (let row = 0; row < places; row++) data.fill(-Infinity, row * places + row + 1, (row + 1) * places);
  return constant({ dtype: 'float32', shape: [places, places], data });
}

/**
 * Logits `[row, vocabulary]` of activations `[row, width]` that the final LayerNorm has gone over.
 * @param bias false leaves the unembedding's bias out: what is asked is then a part of the logits
 */
export function unembed(
  config: Gpt2Config,
  parameter: (name: string) => Value | null,
  normal: Value,
  bias = true,
): Value {
  const name = config.tie_word_embeddings ? 'wte.weight' : 'lm_head.weight';
  const head = parameter('lm_head.weight') ?? parameter(name);
  if (head === null) throw new GraphError(`gpt2: parameter "${name}" is missing`);
  return gemm(normal, head, bias ? parameter('lm_head.bias') : null, { transB: true });
}

/**
 * Builds GPT-2 over token ids.
 * @param parameter gives the value of a parameter by its Hugging Face name without `transformer.`; for
 *   `lm_head.weight` (`[vocabulary, width]`) and `lm_head.bias` it may give null: then the unembedding
 *   is tied and has no bias
 * @param ids `[batch, place]`, int32
 */
export function gpt2(
  config: Gpt2Config,
  parameter: (name: string) => Value | null,
  ids: Value,
  options: Gpt2Options = {},
): Gpt2Run {
  const [batch, length] = ids.shape;
  if (batch === undefined || length === undefined || ids.shape.length !== 2 || length > config.n_positions) {
    throw new GraphError(
      `gpt2: ids must be [batch, place] with at most ${config.n_positions} places, got ${formatShape(ids.shape)}`,
    );
  }
  let places = length;
  const { n_embd: width, n_head: heads, n_layer: layers, layer_norm_epsilon: epsilon } = config;
  const cache = new Map<string, Value>();
  const unused = new Set(options.interventions?.keys());
  const intervene = (name: string, value: Value): Value => {
    const intervention = options.interventions?.get(name);
    unused.delete(name);
    const next = intervention === undefined ? value : intervention(value);
    if (formatShape(next.shape) !== formatShape(value.shape)) {
      throw new GraphError(
        `gpt2: the intervention at ${name} gave ${formatShape(next.shape)} for ${formatShape(value.shape)}`,
      );
    }
    return next;
  };
  const hook = (name: string, value: Value): Value => {
    const next = intervene(name, value);
    cache.set(name, next);
    return next;
  };
  const need = (name: string): Value => {
    const value = parameter(name);
    if (value === null) throw new GraphError(`gpt2: parameter "${name}" is missing`);
    return value;
  };
  let stream = 0;
  const drop = (x: Value): Value =>
    options.dropout === undefined ? x : dropout(x, options.dropout.rate, options.dropout.seed, stream++);
  const flat = (x: Value): Value => reshape(x, [batch * places, -1]);
  const linear = (x: Value, name: string): Value =>
    reshape(gemm(flat(x), need(`${name}.weight`), need(`${name}.bias`)), [batch, places, -1]);
  const norm = (x: Value, name: string, scaleHook: string, normalHook: string): Value => {
    const [gain, shift] = [need(`${name}.weight`), need(`${name}.bias`)];
    const { output, mean, inverse } = layerNorm(x, gain, shift, epsilon);
    const own = div(1, inverse);
    const scale = hook(scaleHook, own);
    const normal = scale === own ? output : add(mul(div(sub(x, mean), scale), gain), shift);
    return hook(normalHook, normal);
  };

  const active = config.activation_function === 'relu' ? relu : gelu;
  const mask = causalMask(places);
  const embed = hook(modelHooks.embed, gather(need('wte.weight'), ids));
  const positions = reshape(slice(need('wpe.weight'), 0, 0, places), [1, places, width]);
  const everywhere = expand(positions, [batch, places, width]);
  const posEmbed = hook(modelHooks.posEmbed, everywhere);
  let residual = drop(add(embed, posEmbed === everywhere ? positions : posEmbed));

  /** All heads in one product; heads that are intervened on are then exchanged one by one. */
  const attentionOut = (layer: number, z: Value): Value => {
    const weight = need(`h.${layer}.attn.c_proj.weight`);
    const size = width / heads;
    const plain = Array.from({ length: heads }, (_, head) => {
      const part = reshape(slice(z, 2, head, head + 1), [batch * places, size]);
      return reshape(gemm(part, slice(weight, 0, head * size, (head + 1) * size)), [batch, places, width]);
    });
    const each = plain.map((result, head) => intervene(headSite(layer, head), result));
    const stacked = concat(
      each.map((result) => reshape(result, [batch, places, 1, width])),
      2,
    );
    const all = hook(blockHook(layer, 'result'), stacked);
    const whole = all !== stacked;
    let out = linear(z, `h.${layer}.attn.c_proj`);
    each.forEach((result, head) => {
      const original = plain[head];
      const next = whole ? reshape(slice(all, 2, head, head + 1), [batch, places, width]) : result;
      cache.set(headSite(layer, head), next);
      if (original !== undefined && next !== original) out = add(out, sub(next, original));
    });
    return out;
  };

  for (let layer = 0; layer < layers; layer++) {
    const at = (name: keyof typeof blockHooks, value: Value): Value => hook(blockHook(layer, name), value);
    const own = `h.${layer}`;
    const byHead = (x: Value): Value => reshape(x, [batch, places, heads, width / heads]);
    const headFirst = (x: Value): Value => transpose(x, [0, 2, 1, 3]);

    residual = at('residPre', residual);
    const normal1 = norm(
      residual,
      `${own}.ln_1`,
      blockHook(layer, 'ln1Scale'),
      blockHook(layer, 'ln1Normalized'),
    );
    const [q, k, v] = split(linear(normal1, `${own}.attn.c_attn`), 2, [width, width, width]);
    if (!q || !k || !v) throw new GraphError('gpt2: c_attn did not split');
    const queries = headFirst(at('q', byHead(q)));
    const keys = headFirst(at('k', byHead(k)));
    const values = headFirst(at('v', byHead(v)));
    const alpha = attentionScale(config, layer);
    const scores = at('scores', add(matmul(queries, keys, { transB: true, alpha }), mask));
    const pattern = at('pattern', softmax(scores));
    let z = at('z', headFirst(matmul(pattern, values)));
    if (options.readAt !== undefined && layer === layers - 1) {
      const chosen = reshape(oneHot(options.readAt, places), [batch, 1, places]);
      residual = matmul(chosen, residual);
      z = reshape(matmul(chosen, reshape(z, [batch, places, width])), [batch, 1, heads, width / heads]);
      places = 1;
    }
    const mixed = attentionOut(layer, z);
    residual = at('residMid', add(residual, drop(at('attnOut', mixed))));

    const normal2 = norm(
      residual,
      `${own}.ln_2`,
      blockHook(layer, 'ln2Scale'),
      blockHook(layer, 'ln2Normalized'),
    );
    const post = at('mlpPost', active(at('mlpPre', linear(normal2, `${own}.mlp.c_fc`))));
    residual = at('residPost', add(residual, drop(at('mlpOut', linear(post, `${own}.mlp.c_proj`)))));
  }

  const final = norm(residual, 'ln_f', modelHooks.finalScale, modelHooks.finalNormalized);
  const logits = reshape(unembed(config, parameter, flat(final)), [batch, places, -1]);
  if (unused.size > 0) {
    throw new GraphError(`gpt2: no hook is named ${[...unused].join(', ')}`);
  }
  return { logits, cache };
}
