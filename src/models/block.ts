/**
 * What a block does beside attending: the norm that its heads read through, and everything from what they write to the
 * residual stream of the next block.
 * @module
 */
import { type Value, add, mul } from '../engine/index.js';
import { type Architecture } from './architecture.js';
import { type HookPoints } from './hook-points.js';
import { type blockHooks, blockHook } from './hooks.js';
import { type Parameters, activated, linear, normalised } from './layers.js';

type NormName = 'ln1' | 'ln1Post' | 'ln2' | 'ln2Post';

const normOf =
  ({ norm }: Architecture, parameter: Parameters, layer: number, hooks: HookPoints) =>
  (x: Value, name: string, which: NormName): Value =>
    normalised(parameter, x, name, norm, hooks, {
      scale: blockHook(layer, `${which}Scale`),
      normalized: blockHook(layer, `${which}Normalized`),
    });

/** What the heads of a block read of the residual stream, `[batch, place, width]` as it is. */
export const blockInput = (
  architecture: Architecture,
  parameter: Parameters,
  layer: number,
  residual: Value,
  hooks: HookPoints,
): Value =>
  normOf(architecture, parameter, layer, hooks)(residual, architecture.names.block(layer).ln1, 'ln1');

/**
 * The residual stream behind a block, `[batch, place, width]`.
 * @param residual before it
 * @param mixed what its heads write together
 * @param drop dropout of a branch, while training
 */
export function blockOutput(
  architecture: Architecture,
  parameter: Parameters,
  layer: number,
  residual: Value,
  mixed: Value,
  hooks: HookPoints,
  drop: (x: Value) => Value = (x) => x,
): Value {
  const at = (name: keyof typeof blockHooks, value: Value): Value => hooks.at(blockHook(layer, name), value);
  const normal = normOf(architecture, parameter, layer, hooks);
  const { parallel, activation, names } = architecture;
  const block = names.block(layer);
  const branch = block.ln1Post === undefined ? mixed : normal(mixed, block.ln1Post, 'ln1Post');
  const attention = drop(at('attnOut', branch));
  const beforeMlp = parallel ? residual : at('residMid', add(residual, attention));

  const input = normal(beforeMlp, block.ln2, 'ln2');
  const gate = block.mlpGate;
  const pre = at('mlpPre', linear(parameter, input, gate ?? block.mlpIn));
  const active = activated(pre, activation);
  const post = at(
    'mlpPost',
    gate === undefined ? active : mul(active, at('mlpPreLinear', linear(parameter, input, block.mlpIn))),
  );
  const written = linear(parameter, post, block.mlpOut);
  const mlp = drop(
    at('mlpOut', block.ln2Post === undefined ? written : normal(written, block.ln2Post, 'ln2Post')),
  );
  return at('residPost', add(parallel ? add(residual, attention) : beforeMlp, mlp));
}
