/**
 * Attention of one block with its hooks, for full and grouped queries. In a grouped one, `heads / keyValueHeads`
 * heads share a key and a value; patterns, `hook_z` and `hook_result` are by head all the same.
 * @module
 */
import {
  type Value,
  GraphError,
  add,
  concat,
  div,
  expand,
  gemm,
  matmul,
  mul,
  reshape,
  slice,
  softmax,
  split,
  sub,
  tanh,
  transpose,
} from '../engine/index.js';
import { type Architecture, type BlockNames } from './architecture.js';
import { type HookPoints } from './hook-points.js';
import { blockHook, headSite } from './hooks.js';
import { type Parameters, linear, need, normalised } from './layers.js';
import { type Places } from './places.js';
import { rotated } from './rotary.js';

/** Queries `[batch, place, head, width of a head]`, keys and values by key-value head. */
function projected(
  architecture: Architecture,
  parameter: Parameters,
  { projections }: BlockNames,
  x: Value,
): readonly [Value, Value, Value] {
  const { heads, keyValueHeads, headWidth } = architecture;
  const [batch, places] = x.shape;
  const byHead = (y: Value | undefined, count: number): Value => {
    if (y === undefined) throw new GraphError('the projection did not split into q, k and v');
    return reshape(y, [batch ?? 0, places ?? 0, count, headWidth]);
  };
  if (projections.kind === 'separate') {
    const { q, k, v } = projections;
    return [
      byHead(linear(parameter, x, q), heads),
      byHead(linear(parameter, x, k), keyValueHeads),
      byHead(linear(parameter, x, v), keyValueHeads),
    ];
  }
  const together = linear(parameter, x, projections.qkv);
  if (projections.order === 'by-kind') {
    const [all, shared] = [heads * headWidth, keyValueHeads * headWidth];
    const [q, k, v] = split(together, 2, [all, shared, shared]);
    return [byHead(q, heads), byHead(k, keyValueHeads), byHead(v, keyValueHeads)];
  }
  const inHeads = reshape(together, [batch ?? 0, places ?? 0, heads, 3 * headWidth]);
  const [q, k, v] = split(inHeads, 3, [headWidth, headWidth, headWidth]);
  return [byHead(q, heads), byHead(k, heads), byHead(v, heads)];
}

/** A head-first key or value, once for each head that shares it. */
function forEachHead(x: Value, heads: number): Value {
  const [batch = 0, shared = 0, places = 0, size = 0] = x.shape;
  if (shared === heads) return x;
  const grouped = [batch, shared, heads / shared, places, size];
  return reshape(expand(reshape(x, [batch, shared, 1, places, size]), grouped), [batch, heads, places, size]);
}

const headFirst = (x: Value): Value => transpose(x, [0, 2, 1, 3]);

/** What heads read: `hook_z`, `[batch, place, head, width of a head]`. */
export function attended(
  architecture: Architecture,
  parameter: Parameters,
  layer: number,
  x: Value,
  places: Places,
  hooks: HookPoints,
): Value {
  const { heads, attentionCap } = architecture;
  const names = architecture.names.block(layer);
  const [ownQ, ownK, ownV] = projected(architecture, parameter, names, x);
  let q = hooks.at(blockHook(layer, 'q'), ownQ);
  let k = hooks.at(blockHook(layer, 'k'), ownK);
  const v = hooks.at(blockHook(layer, 'v'), ownV);
  const norm = { ...architecture.norm, kind: 'rms' } as const;
  if (names.qNorm !== undefined) {
    const at = { scale: blockHook(layer, 'qNormScale'), normalized: blockHook(layer, 'qNormNormalized') };
    q = normalised(parameter, q, names.qNorm, norm, hooks, at);
  }
  if (names.kNorm !== undefined) {
    const at = { scale: blockHook(layer, 'kNormScale'), normalized: blockHook(layer, 'kNormNormalized') };
    k = normalised(parameter, k, names.kNorm, norm, hooks, at);
  }
  const rotary = architecture.rotary?.[layer];
  if (rotary !== undefined) {
    q = hooks.at(blockHook(layer, 'rotQ'), rotated(q, rotary, places));
    k = hooks.at(blockHook(layer, 'rotK'), rotated(k, rotary, places));
  }
  const alpha = architecture.attentionScales[layer] ?? 1;
  const raw = matmul(headFirst(q), forEachHead(headFirst(k), heads), { transB: true, alpha });
  const capped = attentionCap === null ? raw : mul(tanh(div(raw, attentionCap)), attentionCap);
  const mask = places.mask(architecture.windows[layer] ?? null);
  const scores = hooks.at(blockHook(layer, 'scores'), add(capped, mask));
  const pattern = hooks.at(blockHook(layer, 'pattern'), softmax(scores));
  return hooks.at(blockHook(layer, 'z'), headFirst(matmul(pattern, forEachHead(headFirst(v), heads))));
}

/**
 * What each head writes by itself, without a bias.
 * @param z `[batch, place, head, width of a head]`
 * @returns a head, `[batch, place, width]`
 */
export function headResults(
  { heads, headWidth, width, names }: Architecture,
  parameter: Parameters,
  layer: number,
  z: Value,
): Value[] {
  const { output } = names.block(layer);
  const [batch = 0, places = 0] = z.shape;
  const weight = need(parameter, output.weight);
  const [axis, transB] = output.layout === 'in-out' ? [0, false] : [1, true];
  return Array.from({ length: heads }, (_, head) => {
    const part = reshape(slice(z, 2, head, head + 1), [batch * places, headWidth]);
    const own = slice(weight, axis, head * headWidth, (head + 1) * headWidth);
    return reshape(gemm(part, own, null, { transB }), [batch, places, width]);
  });
}

/**
 * What heads write together, `[batch, place, width]`: all in one product; heads that are intervened on are then
 * exchanged one by one. A head's own result carries no bias.
 */
export function headsOut(
  architecture: Architecture,
  parameter: Parameters,
  layer: number,
  z: Value,
  hooks: HookPoints,
): Value {
  const { heads, headWidth, width } = architecture;
  const { output } = architecture.names.block(layer);
  const [batch = 0, places = 0] = z.shape;
  const plain = headResults(architecture, parameter, layer, z);
  const each = plain.map((result, head) => hooks.intervene(headSite(layer, head), result));
  const stacked = concat(
    each.map((result) => reshape(result, [batch, places, 1, width])),
    2,
  );
  const all = hooks.at(blockHook(layer, 'result'), stacked);
  let out = linear(parameter, reshape(z, [batch, places, heads * headWidth]), output);
  each.forEach((result, head) => {
    const original = plain[head];
    const next = all === stacked ? result : reshape(slice(all, 2, head, head + 1), [batch, places, width]);
    hooks.note(headSite(layer, head), next);
    if (original !== undefined && next !== original) out = add(out, sub(next, original));
  });
  return out;
}
