/**
 * A decoder-only transformer as a graph with hooks, built from its {@link Architecture}. Every named activation is a
 * value of the graph: asking for some makes a graph that stops at the last of them; an intervention takes a value
 * and gives the one to go on with. Hooks stand where TransformerLens has them.
 * @module
 */
import {
  type Value,
  GraphError,
  add,
  dropout,
  expand,
  formatShape,
  gather,
  matmul,
  mul,
  oneHot,
  reshape,
} from '../engine/index.js';
import { type Architecture } from './architecture.js';
import { attended, headsOut } from './attention.js';
import { type Intervention, hookPoints } from './hook-points.js';
import { blockInput, blockOutput } from './block.js';
import { blockHook, modelHooks } from './hooks.js';
import { type Tree, textPlaces, treePlaces } from './places.js';
import { type Parameters, logitsOf, need, normalised } from './layers.js';

/** What a run may be given besides tokens. */
export interface RunOptions {
  /** Interventions by hook name; `blocks.L.attn.hook_result.H` is a head alone, `[batch, place, width]`. */
  readonly interventions?: ReadonlyMap<string, Intervention>;
  /**
   * One place a row, int32 `[batch]`: what is asked of the last block is asked of these places alone. All
   * values after its attention, logits too, then have one place.
   */
  readonly readAt?: Value;
  /** Rows that are trees in place of texts; `ids` then has a token a node. */
  readonly tree?: Tree;
  /** Dropout on embeddings and residual branches, while training. */
  readonly dropout?: { readonly rate: number; readonly seed: Value };
}

/** A run as values of a graph. */
export interface Run {
  /** `[batch, place, vocabulary]` */
  readonly logits: Value;
  /** What the unembedding reads, `[batch, place, width]`: `ln_final.hook_normalized` with gain and shift. */
  readonly final: Value;
  /**
   * Every activation by hook name, as it was after interventions. Residual stream, MLP and attention
   * outputs and single heads `[batch, place, width]`; q and z `[batch, place, head, width of a head]`, k and v
   * by key-value head; result `[batch, place, head, width]`; scores and pattern `[batch, head, query place, key
   * place]`; scales `[batch, place, 1]`.
   */
  readonly cache: ReadonlyMap<string, Value>;
}

/**
 * Builds a transformer over token ids.
 * @param parameter gives the value of a parameter by its name in {@link Architecture.names}; for the unembedding and
 *   its bias it may give null: then the unembedding is tied and has no bias
 * @param ids `[batch, place]`, int32
 * @throws GraphError for ids of another shape, an unknown hook, or an intervention that changes a shape
 */
export function transformer(
  architecture: Architecture,
  parameter: Parameters,
  ids: Value,
  options: RunOptions = {},
): Run {
  const [batch, length] = ids.shape;
  if (
    batch === undefined ||
    length === undefined ||
    ids.shape.length !== 2 ||
    (options.tree?.longest ?? length) > architecture.positions
  ) {
    throw new GraphError(
      `${architecture.family}: ids must be [batch, place] with at most ${architecture.positions} places, got ${formatShape(ids.shape)}`,
    );
  }
  const { layers, width, names, norm, embeddingScale } = architecture;
  const places = options.tree === undefined ? textPlaces(length) : treePlaces(options.tree, ids.shape);
  const hooks = hookPoints(options.interventions);
  let stream = 0;
  const drop = (x: Value): Value =>
    options.dropout === undefined ? x : dropout(x, options.dropout.rate, options.dropout.seed, stream++);

  const rows = gather(need(parameter, names.embed), ids);
  const embed = hooks.at(modelHooks.embed, embeddingScale === 1 ? rows : mul(rows, embeddingScale));
  let residual: Value;
  if (names.positions === null) residual = drop(embed);
  else {
    const positions = places.at(need(parameter, names.positions));
    const everywhere = expand(positions, [batch, length, width]);
    const posEmbed = hooks.at(modelHooks.posEmbed, everywhere);
    residual = drop(add(embed, posEmbed === everywhere ? positions : posEmbed));
  }

  for (let layer = 0; layer < layers; layer++) {
    residual = hooks.at(blockHook(layer, 'residPre'), residual);
    let z = attended(
      architecture,
      parameter,
      layer,
      blockInput(architecture, parameter, layer, residual, hooks),
      places,
      hooks,
    );
    if (options.readAt !== undefined && layer === layers - 1) {
      const chosen = reshape(oneHot(options.readAt, length), [batch, 1, length]);
      residual = matmul(chosen, residual);
      const { heads, headWidth } = architecture;
      z = reshape(matmul(chosen, reshape(z, [batch, length, heads * headWidth])), [
        batch,
        1,
        heads,
        headWidth,
      ]);
    }
    const mixed = headsOut(architecture, parameter, layer, z, hooks);
    residual = blockOutput(architecture, parameter, layer, residual, mixed, hooks, drop);
  }

  const final = normalised(parameter, residual, names.finalNorm, norm, hooks, {
    scale: modelHooks.finalScale,
    normalized: modelHooks.finalNormalized,
  });
  const rowsOut = logitsOf(architecture, parameter, reshape(final, [-1, width]));
  const logits = reshape(rowsOut, [batch, residual.shape[1] ?? 0, -1]);
  hooks.expectAllUsed();
  return { logits, final, cache: hooks.cache };
}
