import { describe, expect, it } from 'vitest';
import { furthest } from '../../../test/fixtures/float64.js';
import {
  familyConfig,
  familyDirectory,
  familyFixtures,
  familyModel,
  familyReference,
} from '../../../test/fixtures/families.js';
import { type Value, floatsOf, graph, input } from '../../engine/index.js';
import { nodeRuntime } from '../../engine/runtime/node.js';
import { headSites, questionGraph, runWithCache } from '../hooked-model.js';
import { hookNames } from '../hooks.js';
import { loadModel } from '../load-model.js';
import { padded } from '../padding.js';
import { transformer } from '../transformer.js';
import { memoryDirectory } from '../weights/byte-source.js';
import { openWeights } from '../weights/open-weights.js';
import { encodeSafetensors } from '../weights/safetensors.js';
import { families, readArchitecture } from './index.js';

const runtime = nodeRuntime({ threads: 1 });

describe.each(familyFixtures)('%s', (name) => {
  const { ids, activations } = familyReference(name);

  it('agrees with transformers at every hook that it gives, and in the logits', async () => {
    const model = await familyModel(name);
    const names = Object.keys(activations);
    const outputs = await runWithCache(runtime, model, [ids], { names });
    for (const hook of names)
      expect(furthest(floatsOf(outputs, hook), activations[hook] ?? []), hook).toBeLessThan(2e-5);
  });

  it('has its hooks in the order of a run', async () => {
    const { architecture, parameter } = await familyModel(name);
    const { cache } = transformer(architecture, parameter, input('ids', 'int32', [1, 4]));
    const single = /hook_result\.\d+$/;
    expect([...cache.keys()].filter((hook) => !single.test(hook))).toEqual(hookNames(architecture));
    expect([...cache.keys()].filter((hook) => single.test(hook))).toEqual(headSites(architecture));
  });

  it('gives each input of a batch what it gives it alone', async () => {
    const model = await familyModel(name);
    const rows = [ids, [...ids].reverse()];
    const names = [...hookNames(model.architecture).slice(-3), 'logits'];
    const together = await runWithCache(runtime, model, rows, { names });
    for (const [row, own] of rows.entries()) {
      const alone = await runWithCache(runtime, model, [own], { names });
      for (const hook of names) {
        const [all, one] = [floatsOf(together, hook), floatsOf(alone, hook)];
        expect(furthest(all.subarray(row * one.length, (row + 1) * one.length), one), hook).toBeLessThan(
          1e-5,
        );
      }
    }
  });

  it('gives a shorter input of a padded batch what it gives it alone', async () => {
    const model = await familyModel(name);
    const rows = [ids, ids.slice(0, 3), ids.slice(1, 5)];
    const names = [...hookNames(model.architecture).filter((hook) => !/scores|pattern/.test(hook)), 'logits'];
    const data = padded(rows, ids.length, 0);
    const executable = await runtime.compile(questionGraph(model, rows.length, ids.length, { names }));
    const together = await executable.run({
      ids: { dtype: 'int32', shape: [rows.length, ids.length], data },
    });
    await executable.dispose();
    for (const [row, own] of rows.entries()) {
      const alone = await runWithCache(runtime, model, [own], { names });
      for (const hook of names) {
        // Positions belong to no row.
        if (hook === 'hook_pos_embed') continue;
        const all = floatsOf(together, hook);
        const start = (row * all.length) / rows.length;
        const one = floatsOf(alone, hook);
        expect(furthest(all.subarray(start, start + one.length), one), hook).toBeLessThan(1e-5);
      }
    }
  });

  it('keeps its log-probabilities when its weights are processed', async () => {
    const [raw, processed] = [await familyModel(name), await familyModel(name, 'transformerlens')];
    const { vocabulary } = raw.architecture;
    const [before, after] = await Promise.all(
      [raw, processed].map(async (model) =>
        logSoftmax(
          floatsOf(await runWithCache(runtime, model, [ids], { names: ['logits'] }), 'logits'),
          vocabulary,
        ),
      ),
    );
    expect(furthest(after ?? [], before ?? [])).toBeLessThan(5e-5);
  });
});

function logSoftmax(values: Float32Array, width: number): Float64Array {
  return Float64Array.from(values, (value, i) => {
    const row = values.subarray(i - (i % width), i - (i % width) + width);
    const most = Math.max(...row);
    return value - most - Math.log(row.reduce((sum, v) => sum + Math.exp(v - most), 0));
  });
}

describe('hook names of a family', () => {
  it.each([
    ['gpt_neox', 'blocks.0.attn.hook_rot_q', true],
    ['gpt_neox', 'blocks.0.hook_resid_mid', false],
    ['gpt_neox-serial', 'blocks.0.hook_resid_mid', true],
    ['gpt_neox', 'hook_pos_embed', false],
    ['gpt2', 'hook_pos_embed', true],
    ['llama', 'blocks.1.mlp.hook_pre_linear', true],
    ['gpt2', 'blocks.1.mlp.hook_pre_linear', false],
    ['qwen3', 'blocks.0.attn.q_norm.hook_scale', true],
    ['qwen2', 'blocks.0.attn.q_norm.hook_scale', false],
    ['gemma3_text', 'blocks.0.ln2_post.hook_normalized', true],
  ])('%s: %s is there: %s', (name, hook, there) => {
    expect(hookNames(readArchitecture(familyConfig(name))).includes(hook)).toBe(there);
  });
});

describe('a graph of a model', () => {
  it('rests on the layers before what is asked alone', async () => {
    const { architecture } = await familyModel('llama');
    const asked: string[] = [];
    const shapes = new Map<string, Value>();
    const { parameterShapes } = await import('../architecture.js');
    for (const [name, shape] of parameterShapes(architecture))
      shapes.set(name, input(name, 'float32', shape));
    const { cache } = transformer(
      architecture,
      (name) => shapes.get(name) ?? null,
      input('ids', 'int32', [1, 3]),
    );
    const value = cache.get('blocks.0.attn.hook_z');
    if (value === undefined) throw new Error('no z');
    for (const { node } of graph({ value }).inputs) asked.push(node.name);
    expect(asked.some((name) => name.startsWith('layers.1.') || name.includes('mlp'))).toBe(false);
  });
});

/** A config as transformers 4 wrote it, for what is `rope_parameters` now. */
function older(config: Record<string, unknown>): Record<string, unknown> {
  const { rope_parameters: rope, dtype, ...rest } = config;
  const fields = rope as Record<string, unknown>;
  if ('full_attention' in fields) {
    const [full, sliding] = [fields['full_attention'], fields['sliding_attention']] as Record<
      string,
      unknown
    >[];
    const { rope_theta, ...scaling } = full ?? {};
    return {
      ...rest,
      torch_dtype: dtype,
      rope_theta,
      rope_scaling: scaling,
      rope_local_base_freq: sliding?.['rope_theta'],
    };
  }
  const { rope_theta, partial_rotary_factor: share, ...scaling } = fields;
  return {
    ...rest,
    torch_dtype: dtype,
    ...(share === undefined
      ? { rope_theta, rope_scaling: scaling['rope_type'] === 'default' ? null : scaling }
      : { rotary_emb_base: rope_theta, rotary_pct: share }),
  };
}

describe('configs', () => {
  it.each(familyFixtures.filter((name) => name !== 'gpt2'))(
    '%s reads alike as transformers 4 writes it',
    (name) => {
      const plain = (config: Record<string, unknown>): unknown => {
        const { names, ...rest } = readArchitecture(config);
        return { ...rest, block: names.block(0) };
      };
      expect(plain(older(familyConfig(name)))).toEqual(plain(familyConfig(name)));
    },
  );

  it('refuses an unknown family by name, with the known ones', () => {
    expect(() => readArchitecture({ model_type: 'mamba' })).toThrow(/"mamba".*gemma3_text.*qwen3/);
    expect(() => readArchitecture({ model_type: 'lama' })).toThrow(/llama/);
    expect(() => readArchitecture([])).toThrow(/not a config/);
  });

  it.each(families.map(({ type }) => type))('%s: names a field that is missing or wrong', (type) => {
    expect(() => readArchitecture({ model_type: type })).toThrow(/"(n_layer|num_hidden_layers)" is missing/);
    const whole = familyConfig(type);
    expect(() => readArchitecture({ ...whole, vocab_size: '12' })).toThrow(
      /"vocab_size".*(whole|expected) number/,
    );
  });

  it.each([
    ['llama', { rope_parameters: { rope_type: 'yarn', factor: 4 } }, /"yarn".*not supported/],
    ['llama', { num_key_value_heads: 3 }, /num_attention_heads 4 is not a multiple of num_key_value_heads 3/],
    ['qwen2', { hidden_act: 'mish' }, /"hidden_act".*"mish"/],
    ['gemma3_text', { layer_types: ['full_attention'] }, /"layer_types" has 1 entries for 2 layers/],
    ['gpt_neox', { hidden_size: 15 }, /hidden_size 15 is not a multiple/],
  ])('%s: %o is refused', (name, change, message) => {
    expect(() => readArchitecture({ ...familyConfig(name), ...change })).toThrow(message);
  });
});

describe('a Gemma 3 that sees', () => {
  const name = 'gemma3_text';
  const nested = (changes: object = {}) => ({
    model_type: 'gemma3',
    architectures: ['Gemma3ForConditionalGeneration'],
    text_config: { ...familyConfig(name), model_type: 'gemma3_text' },
    vision_config: { hidden_size: 4 },
    ...changes,
  });
  const directory = async (prefix: string, config: object = nested()) => {
    const own = await openWeights(familyDirectory(name));
    const tensors = await Promise.all(
      [...own.tensors].map(async ([tensor, { shape }]) => ({
        name: prefix + tensor,
        dtype: 'F32' as const,
        shape,
        data: await own.readFloat32(tensor),
      })),
    );
    const sight = { dtype: 'F32' as const, shape: [2], data: Float32Array.of(1, 2) };
    return memoryDirectory('sees', {
      'config.json': new TextEncoder().encode(JSON.stringify(config)),
      'model.safetensors': encodeSafetensors([
        ...tensors,
        { name: 'vision_tower.vision_model.post_layernorm.weight', ...sight },
        { name: 'multi_modal_projector.mm_soft_emb_norm.weight', ...sight },
      ]),
    });
  };

  it.each(['language_model.', 'model.language_model.'])(
    'is read as its language model, whose names begin with %s',
    async (prefix) => {
      const { ids, activations } = familyReference(name);
      const model = await loadModel(await directory(prefix), 'none');
      const outputs = await runWithCache(runtime, model, [ids], { names: ['logits'] });
      expect(furthest(floatsOf(outputs, 'logits'), activations['logits'] ?? [])).toBeLessThan(2e-5);
    },
  );

  it('leaves to defaults what its config leaves out, and says where a fault is', () => {
    const { vocab_size: _, ...rest } = familyConfig(name);
    expect(readArchitecture(nested({ text_config: rest })).vocabulary).toBe(262_208);
    expect(() => readArchitecture(nested({ text_config: null }))).toThrow(
      /^config\.json: "text_config" must be an object/,
    );
    expect(() => readArchitecture(nested({ text_config: { ...rest, hidden_size: 'x' } }))).toThrow(
      /^config\.json: text_config: "hidden_size"/,
    );
  });
});
