/**
 * The names of the places in a transformer, as TransformerLens has them, in one file; and the short names
 * people type: `a0.3` (layer 0, head 3), `x0.pre`, `x0.mid`, `x0.post`, `m0`.
 * @module
 */
import { InputError, suggest } from '../input-error.js';
import { type Architecture } from './architecture.js';

/** Hook names of one block, in the order in which they are reached; which of them a model has, its architecture says. */
export const blockHooks = {
  residPre: 'hook_resid_pre',
  ln1Scale: 'ln1.hook_scale',
  ln1Normalized: 'ln1.hook_normalized',
  q: 'attn.hook_q',
  k: 'attn.hook_k',
  v: 'attn.hook_v',
  qNormScale: 'attn.q_norm.hook_scale',
  qNormNormalized: 'attn.q_norm.hook_normalized',
  kNormScale: 'attn.k_norm.hook_scale',
  kNormNormalized: 'attn.k_norm.hook_normalized',
  rotQ: 'attn.hook_rot_q',
  rotK: 'attn.hook_rot_k',
  scores: 'attn.hook_attn_scores',
  pattern: 'attn.hook_pattern',
  z: 'attn.hook_z',
  result: 'attn.hook_result',
  ln1PostScale: 'ln1_post.hook_scale',
  ln1PostNormalized: 'ln1_post.hook_normalized',
  attnOut: 'hook_attn_out',
  residMid: 'hook_resid_mid',
  ln2Scale: 'ln2.hook_scale',
  ln2Normalized: 'ln2.hook_normalized',
  mlpPre: 'mlp.hook_pre',
  mlpPreLinear: 'mlp.hook_pre_linear',
  mlpPost: 'mlp.hook_post',
  ln2PostScale: 'ln2_post.hook_scale',
  ln2PostNormalized: 'ln2_post.hook_normalized',
  mlpOut: 'hook_mlp_out',
  residPost: 'hook_resid_post',
} as const;

/** Whether the blocks of an architecture reach a hook. */
function hasBlockHook(
  { names, rotary, parallel }: Architecture,
  layer: number,
  hook: keyof typeof blockHooks,
): boolean {
  const block = names.block(layer);
  if (hook.startsWith('qNorm')) return block.qNorm !== undefined;
  if (hook.startsWith('kNorm')) return block.kNorm !== undefined;
  if (hook.startsWith('rot')) return rotary !== null;
  if (hook.startsWith('ln1Post')) return block.ln1Post !== undefined;
  if (hook.startsWith('ln2Post')) return block.ln2Post !== undefined;
  if (hook === 'residMid') return !parallel;
  return hook !== 'mlpPreLinear' || block.mlpGate !== undefined;
}

/** Hook names outside the blocks. */
export const modelHooks = {
  embed: 'hook_embed',
  posEmbed: 'hook_pos_embed',
  finalScale: 'ln_final.hook_scale',
  finalNormalized: 'ln_final.hook_normalized',
} as const;

/** The full name of a hook of one block: `blocks.2.hook_resid_mid`. */
export const blockHook = (layer: number, hook: keyof typeof blockHooks): string =>
  `blocks.${layer}.${blockHooks[hook]}`;

/** The site of one head's output: `blocks.2.attn.hook_result.5`. */
export const headSite = (layer: number, head: number): string => `${blockHook(layer, 'result')}.${head}`;

/** Every hook name of a model in the order of a run. */
export function hookNames(architecture: Architecture): string[] {
  const names: string[] = [modelHooks.embed];
  if (architecture.names.positions !== null) names.push(modelHooks.posEmbed);
  for (let layer = 0; layer < architecture.layers; layer++) {
    for (const hook of Object.keys(blockHooks) as (keyof typeof blockHooks)[])
      if (hasBlockHook(architecture, layer, hook)) names.push(blockHook(layer, hook));
  }
  return [...names, modelHooks.finalScale, modelHooks.finalNormalized];
}

/** Every site that gives a vector of the model's width at each position, in the order of a run. */
export function vectorSites({ layers, heads, parallel }: VectorSizes): string[] {
  const sites: string[] = [];
  for (let layer = 0; layer < layers; layer++) {
    sites.push(blockHook(layer, 'residPre'));
    for (let head = 0; head < heads; head++) sites.push(headSite(layer, head));
    for (const hook of ['residMid', 'mlpOut', 'residPost'] as const)
      if (hook !== 'residMid' || !parallel) sites.push(blockHook(layer, hook));
  }
  return sites;
}

/** The vector sites that differ: what enters a later layer is what left the one before it. */
export const distinctSites = (sizes: VectorSizes): string[] =>
  vectorSites(sizes).filter((name) => !/^blocks\.[1-9]\d*\.hook_resid_pre$/.test(name));

/** The part of an architecture that vector sites rest on. */
type VectorSizes = Pick<Architecture, 'layers' | 'heads' | 'parallel'>;

const shortForms: readonly [RegExp, string][] = [
  [/^blocks\.(\d+)\.attn\.hook_result\.(\d+)$/, 'a$1.$2'],
  [/^blocks\.(\d+)\.hook_resid_(pre|mid|post)$/, 'x$1.$2'],
  [/^blocks\.(\d+)\.hook_mlp_out$/, 'm$1'],
];
const longForms: readonly [RegExp, string][] = [
  [/^a(\d+)\.(\d+)$/, 'blocks.$1.attn.hook_result.$2'],
  [/^x(\d+)\.(pre|mid|post)$/, 'blocks.$1.hook_resid_$2'],
  [/^m(\d+)$/, 'blocks.$1.hook_mlp_out'],
];

const rewrite = (name: string, forms: readonly [RegExp, string][]): string => {
  const form = forms.find(([pattern]) => pattern.test(name));
  return form === undefined ? name : name.replace(form[0], form[1]);
};

/** `a0.3` for `blocks.0.attn.hook_result.3`; a name without a short form is given back. */
export const shortName = (site: string): string => rewrite(site, shortForms);

/** `blocks.0.attn.hook_result.3` for `a0.3`; any other name is given back. */
export const fullName = (site: string): string => rewrite(site, longForms);

/**
 * The full name of a site given in either form.
 * @throws InputError with a suggestion when it is not among the accepted ones
 */
export function resolveSite(name: string, accepted: readonly string[]): string {
  const full = fullName(name.trim());
  if (accepted.includes(full)) return full;
  const short = accepted.map(shortName);
  const near = suggest(name, [...short, ...accepted]);
  throw new InputError(`Unknown site "${name}".${near} Sites: ${short.join(', ')}.`);
}

/**
 * The sites that a person's list names: short names, hook names, a hook without its block (`hook_pattern`: that of every
 * block), or a pattern with `*` (`a9.*`, `x*.post`).
 * @param list separated by commas
 * @param accepted full names, in the order of a run
 * @returns full names, each once
 * @throws InputError for a name that stands for nothing, with a suggestion
 */
export function sitesNamed(list: string, accepted: readonly string[]): string[] {
  return [...new Set(list.split(',').flatMap((name) => namedBy(name.trim(), accepted)))];
}

function namedBy(name: string, accepted: readonly string[]): string[] {
  const full = fullName(name);
  if (accepted.includes(full)) return [full];
  const found = name.includes('*')
    ? matching(name, accepted)
    : accepted.filter((site) => site.startsWith('blocks.') && site.endsWith(`.${name}`));
  if (found.length > 0) return found;
  const short = accepted.map(shortName).filter((site) => !site.includes('hook') && site !== 'logits');
  const bare = accepted.flatMap((site) => site.split('.').filter((part) => part.startsWith('hook_')));
  const near = name.includes('*') ? '' : suggest(name, [...short, ...accepted, ...bare]);
  throw new InputError(
    `Unknown site "${name}".${near} Sites: ${abridged(short)}, a pattern such as a0.* or x*.post, or a hook name such as hook_pattern.`,
  );
}

function matching(pattern: string, accepted: readonly string[]): string[] {
  const parts = pattern.split('*').map((part) => part.replace(/[^\w]/g, '\\$&'));
  const whole = new RegExp(`^${parts.join('.*')}$`);
  return accepted.filter((site) => whole.test(shortName(site)) || whole.test(site));
}

/** All of a few names, and of many the first and the last. */
const abridged = (names: readonly string[]): string =>
  (names.length <= 20 ? names : [...names.slice(0, 4), '…', ...names.slice(-4)]).join(', ');

/** Layer and head of a head site, or null for any other site. */
export function headOf(site: string): { layer: number; head: number } | null {
  const match = /^blocks\.(\d+)\.attn\.hook_result\.(\d+)$/.exec(site);
  return match === null ? null : { layer: Number(match[1]), head: Number(match[2]) };
}

/** What a vector site is, in a few words: `output of head 3 of layer 0`. */
export function describeSite(site: string): string {
  const head = headOf(site);
  if (head !== null) return `output of head ${head.head} of layer ${head.layer}`;
  const layer = /\d+/.exec(site)?.[0] ?? '';
  if (site.endsWith('resid_pre'))
    return layer === '0' ? 'embeddings, before layer 0' : `residual stream before layer ${layer}`;
  if (site.endsWith('resid_mid')) return `residual stream after the attention of layer ${layer}`;
  if (site.endsWith('mlp_out')) return `output of the MLP of layer ${layer}`;
  return `residual stream after layer ${layer}`;
}
