import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  float32Tensor,
  ggufFile,
  type WrittenTensor,
  type WrittenValue,
} from '../../../test/fixtures/gguf-file.js';
import { InputError } from '../../input-error.js';
import { openCheckpointDirectory, openCheckpointFile } from '../open-checkpoint.js';
import { memoryDirectory, memorySource } from '../weights/byte-source.js';
import { encodeSafetensors } from '../weights/safetensors-encode.js';
import { llama3Scaling } from './rope-factors.js';

const open = (values: Record<string, WrittenValue>, tensors: readonly WrittenTensor[]) =>
  openCheckpointFile(memorySource('m.gguf', ggufFile(values, tensors)));

/** Numbers that all differ, so that none can change place unseen. */
const numbered = (shape: readonly number[]): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => i + 1);

/** Element [row][column] of a matrix of rows made by what the converter does to row numbers. */
function moved(
  shape: readonly [number, number],
  at: (row: number, column: number) => readonly [number, number],
  columns = shape[1],
): Float32Array<ArrayBuffer> {
  const data = numbered(shape);
  const to = new Float32Array(data.length);
  for (let row = 0; row < shape[0]; row++) {
    for (let column = 0; column < shape[1]; column++) {
      const [toRow, toColumn] = at(row, column);
      to[toRow * columns + toColumn] = data[row * shape[1] + column] ?? 0;
    }
  }
  return to;
}

const sizes = (architecture: string, norm: string): Record<string, WrittenValue> => ({
  'general.architecture': ['text', architecture],
  [`${architecture}.context_length`]: ['u32', 64],
  [`${architecture}.embedding_length`]: ['u32', 8],
  [`${architecture}.feed_forward_length`]: ['u32', 12],
  [`${architecture}.block_count`]: ['u32', 1],
  [`${architecture}.attention.head_count`]: ['u32', 2],
  [`${architecture}.attention.${norm}`]: ['f32', 1e-5],
});
const rms = 'layer_norm_rms_epsilon';
const embedding = float32Tensor('token_embd.weight', [5, 8], numbered([5, 8]));

describe('openCheckpointFile', () => {
  it('puts the rows of Llama’s queries and keys back, biases too, and reads its config', async () => {
    // The converter: reshape(heads, 2, width / 2, …).swapaxes(1, 2)
    const pairs = (row: number): number =>
      Math.floor(row / 4) * 4 + 2 * (row % 2) + (Math.floor(row / 2) % 2);
    const q = moved([8, 8], (row, column) => [pairs(row), column]);
    const k = moved([4, 8], (row, column) => [pairs(row), column]);
    const { config, tensors } = await open(
      {
        ...sizes('llama', rms),
        'llama.attention.head_count_kv': ['u32', 1],
        'llama.rope.freq_base': ['f32', 100_000],
        'tokenizer.ggml.bos_token_id': ['u32', 1],
      },
      [
        embedding,
        float32Tensor('blk.0.attn_q.weight', [8, 8], q),
        float32Tensor('blk.0.attn_k.weight', [4, 8], k),
        float32Tensor(
          'blk.0.attn_q.bias',
          [8],
          moved([8, 1], (row) => [pairs(row), 0]),
        ),
        float32Tensor('blk.0.attn_v.weight', [4, 8], numbered([4, 8])),
        float32Tensor('output.weight', [5, 8], numbered([5, 8])),
      ],
    );
    const layer = 'model.layers.0.self_attn.';
    expect(await tensors.readFloat32(`${layer}q_proj.weight`)).toEqual(numbered([8, 8]));
    expect(await tensors.readFloat32(`${layer}k_proj.weight`)).toEqual(numbered([4, 8]));
    expect(await tensors.readFloat32(`${layer}q_proj.bias`)).toEqual(numbered([8]));
    expect(await tensors.readFloat32(`${layer}v_proj.weight`)).toEqual(numbered([4, 8]));
    expect([...tensors.tensors.keys()]).toContain('lm_head.weight');
    expect(config).toMatchObject({
      ...{ model_type: 'llama', vocab_size: 5, hidden_size: 8, head_dim: 4, num_key_value_heads: 1 },
      ...{ rms_norm_eps: 1e-5, rope_theta: 100_000, rope_scaling: null, tie_word_embeddings: false },
      ...{ attention_bias: true, bos_token_id: 1, max_position_embeddings: 64, intermediate_size: 12 },
    });
  });

  it('gives Mistral its window, and linear scaling its factor', async () => {
    const values: Record<string, WrittenValue> = {
      ...sizes('llama', rms),
      'llama.attention.sliding_window': ['u32', 16],
      'llama.rope.scaling.type': ['text', 'linear'],
      'llama.rope.scaling.factor': ['f32', 4],
    };
    expect((await open(values, [embedding])).config).toMatchObject({
      ...{ model_type: 'mistral', sliding_window: 16, rope_scaling: { rope_type: 'linear', factor: 4 } },
      tie_word_embeddings: true,
    });
  });

  it('lets Qwen’s rows be, with norms of queries and keys', async () => {
    const { config, tensors } = await open(
      { ...sizes('qwen3', rms), 'qwen3.attention.key_length': ['u32', 6] },
      [
        embedding,
        float32Tensor('blk.0.attn_q.weight', [12, 8], numbered([12, 8])),
        float32Tensor('blk.0.attn_q_norm.weight', [6], numbered([6])),
      ],
    );
    expect(await tensors.readFloat32('model.layers.0.self_attn.q_proj.weight')).toEqual(numbered([12, 8]));
    expect(await tensors.readFloat32('model.layers.0.self_attn.q_norm.weight')).toEqual(numbered([6]));
    expect(config).toMatchObject({ model_type: 'qwen3', head_dim: 6, attention_bias: false });
  });

  it('takes back what was added to Gemma’s norms, and no other tensor', async () => {
    const raised = numbered([8]).map((value) => value + 1);
    const norms = {
      'output_norm.weight': 'model.norm.weight',
      'blk.0.attn_norm.weight': 'model.layers.0.input_layernorm.weight',
      'blk.0.post_attention_norm.weight': 'model.layers.0.post_attention_layernorm.weight',
      'blk.0.ffn_norm.weight': 'model.layers.0.pre_feedforward_layernorm.weight',
      'blk.0.post_ffw_norm.weight': 'model.layers.0.post_feedforward_layernorm.weight',
      'blk.0.attn_q_norm.weight': 'model.layers.0.self_attn.q_norm.weight',
      'blk.0.attn_k_norm.weight': 'model.layers.0.self_attn.k_norm.weight',
    };
    const { config, tensors } = await open(
      {
        ...sizes('gemma3', rms),
        'gemma3.block_count': ['u32', 7],
        'gemma3.attention.sliding_window': ['u32', 512],
        'gemma3.attention.key_length': ['u32', 256],
      },
      [embedding, ...Object.keys(norms).map((name) => float32Tensor(name, [8], raised))],
    );
    for (const name of Object.values(norms)) expect(await tensors.readFloat32(name)).toEqual(numbered([8]));
    expect(await tensors.readFloat32('model.embed_tokens.weight')).toEqual(numbered([5, 8]));
    expect(config).toMatchObject({
      ...{
        model_type: 'gemma3_text',
        query_pre_attn_scalar: 256,
        rope_theta: 1e6,
        rope_local_base_freq: 1e4,
      },
      ...{ sliding_window: 512, hidden_activation: 'gelu_pytorch_tanh' },
      layer_types: [...Array<string>(5).fill('sliding_attention'), 'full_attention', 'sliding_attention'],
    });
  });

  it('turns GPT-2’s matrices back, and nothing else', async () => {
    const shapes = { attn_qkv: [8, 24], attn_output: [8, 8], ffn_up: [8, 12], ffn_down: [12, 8] } as const;
    const names = {
      attn_qkv: 'attn.c_attn',
      attn_output: 'attn.c_proj',
      ffn_up: 'mlp.c_fc',
      ffn_down: 'mlp.c_proj',
    };
    const { config, tensors } = await open(sizes('gpt2', 'layer_norm_epsilon'), [
      embedding,
      float32Tensor('position_embd.weight', [64, 8], numbered([64, 8])),
      ...Object.entries(shapes).map(([name, shape]) =>
        float32Tensor(
          `blk.0.${name}.weight`,
          shape.toReversed(),
          moved(shape, (row, column) => [column, row], shape[0]),
        ),
      ),
    ]);
    for (const [name, shape] of Object.entries(shapes)) {
      const full = `transformer.h.0.${names[name as keyof typeof names]}.weight`;
      expect(tensors.tensors.get(full)?.shape).toEqual(shape);
      expect(await tensors.readFloat32(full)).toEqual(numbered(shape));
    }
    expect(await tensors.readFloat32('transformer.wpe.weight')).toEqual(numbered([64, 8]));
    expect(config).toMatchObject({ model_type: 'gpt2', n_embd: 8, n_layer: 1, n_head: 2, n_inner: 12 });
  });

  it('puts GPT-NeoX’s queries, keys and values back head by head', async () => {
    // The converter: reshape(heads, 3, width, …), then all q, all k, all v.
    const byKind = (row: number): number =>
      (Math.floor(row / 4) % 3) * 8 + Math.floor(row / 12) * 4 + (row % 4);
    const { config, tensors } = await open(
      { ...sizes('gptneox', 'layer_norm_epsilon'), 'gptneox.rope.dimension_count': ['u32', 2] },
      [
        embedding,
        float32Tensor(
          'blk.0.attn_qkv.weight',
          [24, 8],
          moved([24, 8], (row, column) => [byKind(row), column]),
        ),
        float32Tensor(
          'blk.0.attn_qkv.bias',
          [24],
          moved([24, 1], (row) => [byKind(row), 0]),
        ),
      ],
    );
    const layer = 'gpt_neox.layers.0.attention.query_key_value.';
    expect(await tensors.readFloat32(`${layer}weight`)).toEqual(numbered([24, 8]));
    expect(await tensors.readFloat32(`${layer}bias`)).toEqual(numbered([24]));
    expect(config).toMatchObject({ model_type: 'gpt_neox', rotary_pct: 0.5, use_parallel_residual: true });
  });

  it('turns 16-bit numbers as they are', async () => {
    const data = new Uint8Array(Uint16Array.of(1, 2, 3, 4, 5, 6).buffer);
    const { tensors } = await open(sizes('gpt2', 'layer_norm_epsilon'), [
      embedding,
      { name: 'blk.0.ffn_up.weight', type: 1, shape: [3, 2], data },
    ]);
    const turned = await tensors.readBytes('transformer.h.0.mlp.c_fc.weight');
    expect(new Uint16Array(turned.buffer)).toEqual(Uint16Array.of(1, 3, 5, 2, 4, 6));
  });

  it.each<[string, Record<string, WrittenValue>, WrittenTensor[], RegExp]>([
    ['no architecture', {}, [embedding], /does not say its general.architecture/],
    [
      'an unknown architecture',
      { 'general.architecture': ['text', 'rwkv\u001b7'] },
      [embedding],
      /of architecture "rwkv\\u001b7"; known are llama, gpt2, gptneox, qwen2, qwen3, gemma3/,
    ],
    ['no embedding', sizes('llama', rms), [], /has no tensor "token_embd.weight"/],
    [
      'no width',
      { 'general.architecture': ['text', 'llama'] },
      [embedding],
      /does not say its "llama.embedding_length"/,
    ],
    [
      'a width that is a text',
      { ...sizes('llama', rms), 'llama.embedding_length': ['text', '8'] },
      [embedding],
      /has "llama.embedding_length", which is not a number/,
    ],
    [
      'experts',
      { ...sizes('llama', rms), 'llama.expert_count': ['u32', 8] },
      [embedding],
      /a mixture of experts/,
    ],
    [
      'a tensor of another model',
      sizes('llama', rms),
      [embedding, float32Tensor('blk.0.ssm_a', [1], numbered([1]))],
      /holds tensor "blk.0.ssm_a", which a model of architecture llama does not have/,
    ],
    [
      'rows that heads do not divide',
      sizes('llama', rms),
      [embedding, float32Tensor('blk.0.attn_q.weight', [6, 8], numbered([6, 8]))],
      /tensor "blk.0.attn_q.weight" has 6 rows, which are no multiple of 4/,
    ],
    [
      'divisors of frequencies that are no scaling of Llama 3',
      sizes('llama', rms),
      [embedding, float32Tensor('rope_freqs.weight', [2], Float32Array.of(3, 2))],
      /scales rotary positions in another way than Llama 3/,
    ],
  ])('refuses a file with %s', async (_, values, tensors, message) => {
    const fault: unknown = await open(values, tensors).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(InputError);
    expect(String(fault)).toMatch(message);
    expect(String(fault)).not.toMatch(/\p{Cc}/u);
  });

  it('opens without a tokenizer that it cannot use, and says why', async () => {
    const none = await open(sizes('llama', rms), [embedding]);
    expect(none).toMatchObject({ form: 'gguf', name: 'm.gguf', tokenizer: null });
    expect(none.noTokenizer).toBe('m.gguf has no tokenizer.');
    const other = {
      'tokenizer.ggml.model': ['text', 'bert'],
      'tokenizer.ggml.tokens': ['list', 'text', ['a']],
    } as const;
    const { tokenizer, noTokenizer } = await open({ ...sizes('llama', rms), ...other }, [embedding]);
    expect(tokenizer).toBeNull();
    expect(noTokenizer).toMatch(/a tokenizer of the kind "bert", and gpt2 and llama are supported/);
  });
});

describe('openCheckpointDirectory', () => {
  it('gives config, tensors and tokenizer of a directory', async () => {
    const tokenizer = { model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] } };
    const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
    const llamaSizes = {
      model_type: 'llama',
      hidden_size: 4,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      intermediate_size: 4,
      vocab_size: 3,
    };
    const files = {
      'config.json': json({ ...llamaSizes, bos_token_id: 1 }),
      'model.safetensors': encodeSafetensors([
        { name: 'w', dtype: 'F32', shape: [1], data: Float32Array.of(1) },
      ]),
    };
    const whole = await openCheckpointDirectory(
      memoryDirectory('mine', { ...files, 'tokenizer.json': json(tokenizer) }),
    );
    expect(whole).toMatchObject({ form: 'directory', config: { bos_token_id: 1 }, noTokenizer: null });
    expect(whole.tokenizer?.encode('ab', { bos: whole.tokenizer.bos?.id ?? null })).toEqual([1, 2]);
    expect(await whole.tensors.readFloat32('w')).toEqual(Float32Array.of(1));
    expect(await openCheckpointDirectory(memoryDirectory('mine', files))).toMatchObject({
      tokenizer: null,
      noTokenizer: 'mine has no tokenizer.',
    });
    await expect(openCheckpointDirectory(memoryDirectory('mine', {}))).rejects.toThrow(InputError);
  });
});

describe('llama3Scaling', () => {
  /** As `convert_hf_to_gguf.py` writes them, in float32. */
  const divisors = (
    theta: number,
    dimensions: number,
    factor: number,
    high: number,
    context: number,
  ): number[] =>
    Array.from({ length: dimensions / 2 }, (_, i) => {
      const wavelength = 2 * Math.PI * theta ** ((2 * i) / dimensions);
      if (wavelength < context / high) return 1;
      if (wavelength > context) return factor;
      const smooth = (context / wavelength - 1) / (high - 1);
      return Math.fround(1 / ((1 - smooth) / factor + smooth));
    });

  it('finds Llama 3.1’s and 3.2’s again', () => {
    for (const [dimensions, factor] of [
      [128, 8],
      [64, 32],
    ] as const) {
      expect(llama3Scaling(divisors(500_000, dimensions, factor, 4, 8192), 500_000)).toEqual({
        rope_type: 'llama3',
        factor,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 8192,
      });
    }
  });

  it('gives the same divisors again for other rules, or none', () => {
    const rule = fc.record({
      theta: fc.integer({ min: 10_000, max: 1_000_000 }),
      factor: fc.integer({ min: 2, max: 64 }),
      high: fc.integer({ min: 2, max: 16 }),
      context: fc.integer({ min: 1024, max: 16_384 }),
    });
    fc.assert(
      fc.property(rule, ({ theta, factor, high, context }) => {
        const given = divisors(theta, 128, factor, high, context);
        const found = llama3Scaling(given, theta);
        const between = given.filter((divisor) => divisor > 1 && divisor < factor).length;
        if (between < 2) return;
        expect(found).not.toBeNull();
        const again = divisors(
          theta,
          128,
          found?.factor ?? 0,
          found?.high_freq_factor ?? 0,
          found?.original_max_position_embeddings ?? 0,
        );
        again.forEach((divisor, i) => expect(divisor / (given[i] ?? 0)).toBeCloseTo(1, 3));
      }),
    );
    expect(llama3Scaling([1, 1, 1], 10_000)).toBeNull();
    expect(llama3Scaling([2, 3, 4, 5], 10_000)).toBeNull();
  });
});
