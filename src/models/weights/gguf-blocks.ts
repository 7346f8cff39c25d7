/**
 * The element types of a GGUF file. A quantized type stores a row in blocks of a fixed number of values: small whole
 * numbers that share a scale, and in some types an offset. Values come back bit for bit as PyPI's `gguf` gives them:
 * each is one product, or one product and one sum, of numbers so short that float64 holds them exactly, and is
 * rounded to float32 once.
 * Source: `ggml-common.h` of llama.cpp (block layouts) and `gguf/quants.py` (arithmetic).
 * @module
 */
import { decodeFloat16 } from './float16.js';
import { type WeightDType } from './tensor-file.js';

/** How a type of element is stored. */
export interface GgufElement {
  readonly name: string;
  /** Values in a block: 1 for a plain type. */
  readonly values: number;
  /** Bytes of a block. */
  readonly bytes: number;
  /** What the tensor holds once read: float32 for every quantized type. */
  readonly dtype: WeightDType;
  /** Absent for plain types, whose bytes are their values. */
  readonly decode?: Decode;
}

/** Writes the values of whole blocks. */
type Decode = (blocks: DataView, out: Float32Array) => void;

/** Types that are read, by the number that stands for them in a file. */
export const ggufElements: ReadonlyMap<number, GgufElement> = new Map<number, GgufElement>([
  [0, plain('F32', 4)],
  [1, plain('F16', 2)],
  [2, { name: 'Q4_0', values: 32, bytes: 18, dtype: 'F32', decode: decodeQ4o0 }],
  [3, { name: 'Q4_1', values: 32, bytes: 20, dtype: 'F32', decode: decodeQ4o1 }],
  [6, { name: 'Q5_0', values: 32, bytes: 22, dtype: 'F32', decode: decodeQ5o0 }],
  [7, { name: 'Q5_1', values: 32, bytes: 24, dtype: 'F32', decode: decodeQ5o1 }],
  [8, { name: 'Q8_0', values: 32, bytes: 34, dtype: 'F32', decode: decodeQ8o0 }],
  [12, { name: 'Q4_K', values: 256, bytes: 144, dtype: 'F32', decode: decodeQ4K }],
  [13, { name: 'Q5_K', values: 256, bytes: 176, dtype: 'F32', decode: decodeQ5K }],
  [14, { name: 'Q6_K', values: 256, bytes: 210, dtype: 'F32', decode: decodeQ6K }],
  [24, plain('I8', 1)],
  [25, plain('I16', 2)],
  [26, plain('I32', 4)],
  [27, plain('I64', 8)],
  [28, plain('F64', 8)],
  [30, plain('BF16', 2)],
]);

/** Types that llama.cpp has and that are not read here, for messages. */
export const otherGgufElements: ReadonlyMap<number, string> = new Map([
  [4, 'Q4_2'],
  [5, 'Q4_3'],
  [9, 'Q8_1'],
  [10, 'Q2_K'],
  [11, 'Q3_K'],
  [15, 'Q8_K'],
  [16, 'IQ2_XXS'],
  [17, 'IQ2_XS'],
  [18, 'IQ3_XXS'],
  [19, 'IQ1_S'],
  [20, 'IQ4_NL'],
  [21, 'IQ3_S'],
  [22, 'IQ2_S'],
  [23, 'IQ4_XS'],
  [29, 'IQ1_M'],
  [31, 'Q4_0_4_4'],
  [32, 'Q4_0_4_8'],
  [33, 'Q4_0_8_8'],
  [34, 'TQ1_0'],
  [35, 'TQ2_0'],
  [36, 'IQ4_NL_4_4'],
  [37, 'IQ4_NL_4_8'],
  [38, 'IQ4_NL_8_8'],
  [39, 'MXFP4'],
  [40, 'NVFP4'],
  [41, 'Q1_0'],
]);

function plain(name: WeightDType, bytes: number): GgufElement {
  return { name, values: 1, bytes, dtype: name };
}

/** Float32 of every float16, made when first needed: scales are looked up. */
let float16: Float32Array | null = null;

function scaleAt(blocks: DataView, at: number): number {
  float16 ??= decodeFloat16(Uint16Array.from({ length: 65_536 }, (_, bits) => bits));
  return float16[blocks.getUint16(at, true)] ?? NaN;
}

/** 16 bytes: their low halves are values 0 to 15, their high halves 16 to 31. d (q − 8) */
function decodeQ4o0(blocks: DataView, out: Float32Array): void {
  for (let at = 0, to = 0; at < blocks.byteLength; at += 18, to += 32) {
    const d = scaleAt(blocks, at);
    for (let i = 0; i < 16; i++) {
      const q = blocks.getUint8(at + 2 + i);
      out[to + i] = d * ((q & 15) - 8);
      out[to + 16 + i] = d * ((q >> 4) - 8);
    }
  }
}

/** d q + m */
function decodeQ4o1(blocks: DataView, out: Float32Array): void {
  for (let at = 0, to = 0; at < blocks.byteLength; at += 20, to += 32) {
    const d = scaleAt(blocks, at);
    const m = scaleAt(blocks, at + 2);
    for (let i = 0; i < 16; i++) {
      const q = blocks.getUint8(at + 4 + i);
      out[to + i] = d * (q & 15) + m;
      out[to + 16 + i] = d * (q >> 4) + m;
    }
  }
}

/** As Q4_0, with a fifth bit for each value in four bytes before them. d (q − 16) */
function decodeQ5o0(blocks: DataView, out: Float32Array): void {
  for (let at = 0, to = 0; at < blocks.byteLength; at += 22, to += 32) {
    const d = scaleAt(blocks, at);
    const high = blocks.getUint32(at + 2, true);
    for (let i = 0; i < 16; i++) {
      const q = blocks.getUint8(at + 6 + i);
      out[to + i] = d * (((q & 15) | (((high >>> i) & 1) << 4)) - 16);
      out[to + 16 + i] = d * (((q >> 4) | (((high >>> (i + 16)) & 1) << 4)) - 16);
    }
  }
}

/** d q + m */
function decodeQ5o1(blocks: DataView, out: Float32Array): void {
  for (let at = 0, to = 0; at < blocks.byteLength; at += 24, to += 32) {
    const d = scaleAt(blocks, at);
    const m = scaleAt(blocks, at + 2);
    const high = blocks.getUint32(at + 4, true);
    for (let i = 0; i < 16; i++) {
      const q = blocks.getUint8(at + 8 + i);
      out[to + i] = d * ((q & 15) | (((high >>> i) & 1) << 4)) + m;
      out[to + 16 + i] = d * ((q >> 4) | (((high >>> (i + 16)) & 1) << 4)) + m;
    }
  }
}

/** d q, q in two's complement */
function decodeQ8o0(blocks: DataView, out: Float32Array): void {
  for (let at = 0, to = 0; at < blocks.byteLength; at += 34, to += 32) {
    const d = scaleAt(blocks, at);
    for (let i = 0; i < 32; i++) out[to + i] = d * blocks.getInt8(at + 2 + i);
  }
}

/** Eight groups of 32, each with a scale s and an offset m of six bits. (d s) q − (dmin m) */
function decodeQ4K(blocks: DataView, out: Float32Array): void {
  for (let at = 0, to = 0; at < blocks.byteLength; at += 144, to += 256) {
    for (let group = 0; group < 8; group++) {
      const [step, lowest] = groupScale(blocks, at, group);
      const from = at + 16 + 32 * (group >> 1);
      const shift = (group & 1) << 2;
      const target = to + 32 * group;
      for (let i = 0; i < 32; i++) {
        out[target + i] = step * ((blocks.getUint8(from + i) >> shift) & 15) - lowest;
      }
    }
  }
}

/** As Q4_K, with a fifth bit: bit g of byte i is that of value i of group g. */
function decodeQ5K(blocks: DataView, out: Float32Array): void {
  for (let at = 0, to = 0; at < blocks.byteLength; at += 176, to += 256) {
    for (let group = 0; group < 8; group++) {
      const [step, lowest] = groupScale(blocks, at, group);
      const from = at + 48 + 32 * (group >> 1);
      const shift = (group & 1) << 2;
      const target = to + 32 * group;
      for (let i = 0; i < 32; i++) {
        const high = ((blocks.getUint8(at + 16 + i) >> group) & 1) << 4;
        out[target + i] = step * (((blocks.getUint8(from + i) >> shift) & 15) | high) - lowest;
      }
    }
  }
}

/**
 * d s and dmin m of a group. Groups 0 to 3 have a byte each for s and for m, of which the lower six bits count; groups
 * 4 to 7 have four bits each in the last four bytes, and above them the two bits that groups 0 to 3 leave.
 */
function groupScale(blocks: DataView, at: number, group: number): [step: number, lowest: number] {
  const own = at + 4 + (group & 3);
  const scale = blocks.getUint8(own);
  const offset = blocks.getUint8(own + 4);
  const shared = blocks.getUint8(own + 8);
  const s = group < 4 ? scale & 63 : (shared & 15) | ((scale >> 2) & 48);
  const m = group < 4 ? offset & 63 : (shared >> 4) | ((offset >> 2) & 48);
  return [scaleAt(blocks, at) * s, scaleAt(blocks, at + 2) * m];
}

/** Sixteen groups of 16, each with a scale s in two's complement. (d s) (q − 32) */
function decodeQ6K(blocks: DataView, out: Float32Array): void {
  for (let at = 0, to = 0; at < blocks.byteLength; at += 210, to += 256) {
    const d = scaleAt(blocks, at + 208);
    for (let group = 0; group < 16; group++) {
      // Runs of two groups. Four lower bits: 64 bytes hold four runs; two higher bits: 32 bytes hold four runs.
      const run = group >> 1;
      const place = 16 * (group & 1);
      const low = at + 64 * (run >> 2) + 32 * (run & 1) + place;
      const lowShift = (run & 2) << 1;
      const high = at + 128 + 32 * (run >> 2) + place;
      const highShift = (run & 3) << 1;
      const step = d * blocks.getInt8(at + 192 + group);
      const target = to + 16 * group;
      for (let i = 0; i < 16; i++) {
        const q =
          ((blocks.getUint8(low + i) >> lowShift) & 15) |
          (((blocks.getUint8(high + i) >> highShift) & 3) << 4);
        out[target + i] = step * (q - 32);
      }
    }
  }
}
