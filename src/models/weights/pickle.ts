/**
 * A reader for the part of Python's pickle format that a dictionary of tensors needs. A pickle is a program for a
 * small stack machine, and the full machine can import any module and call anything in it. This one knows plain data
 * (numbers, texts, tuples, lists, dictionaries), and takes what a name or a persistent id stands for from rules that
 * its caller gives; any other opcode or name ends the reading. Nothing is ever looked up in the running program.
 *
 * Every opcode costs a bounded amount, their number is limited, and nothing here recurses: a hostile pickle cannot
 * take more than a few hundred megabytes or overflow the stack.
 * @module
 */
import { InputError } from '../../input-error.js';
import { quote } from '../../printable.js';
import { opcodeName } from './pickle-opcodes.js';

/** What a pickle can hold; `O` is what the rules make of names and persistent ids. */
export type PickleValue<O> =
  | null
  | boolean
  | number
  | string
  | { readonly kind: 'tuple'; readonly items: readonly PickleValue<O>[] }
  | { readonly kind: 'list'; readonly items: PickleValue<O>[] }
  | { readonly kind: 'dict'; readonly entries: Map<string | number, PickleValue<O>> }
  | { readonly kind: 'object'; readonly object: O }
  | PickleGlobal<O>;

/** A name that the rules accept. */
export interface PickleGlobal<O> {
  readonly kind: 'global';
  /** Module and name, joined by a dot. */
  readonly name: string;
  /** What calling it gives; absent for a name that only stands for itself. */
  readonly call?: (args: readonly PickleValue<O>[]) => PickleValue<O>;
}

/** What a kind of pickle may refer to. */
export interface PickleRules<O> {
  /** The names that are accepted. */
  readonly globals: ReadonlyMap<string, PickleGlobal<O>>;
  /** What a persistent id stands for. @throws InputError when it is none of the accepted ones */
  persistent(id: PickleValue<O>): O;
}

/** Opcodes run at most: a tensor takes about 30, so this is over 30,000 tensors. */
export const mostOpcodes = 1_000_000;

interface Machine<O> {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  readonly stack: PickleValue<O>[];
  /** Heights of the stack at the open marks. */
  readonly marks: number[];
  readonly memo: Map<number, PickleValue<O>>;
  readonly rules: PickleRules<O>;
  readonly fail: (reason: string) => never;
}

/**
 * Runs a pickle and returns what it leaves.
 * @param what how a message names it
 * @throws InputError for an opcode or a name that is not accepted, and for a damaged pickle
 * @example readPickle(bytes, 'model.bin: its pickle', { globals: new Map(), persistent })
 */
export function readPickle<O>(bytes: Uint8Array, what: string, rules: PickleRules<O>): PickleValue<O> {
  const fail = (reason: string): never => {
    throw new InputError(`${what} ${reason}.`);
  };
  const machine: Machine<O> = {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    at: 0,
    stack: [],
    marks: [],
    memo: new Map(),
    rules,
    fail,
  };
  for (let count = 0; count < mostOpcodes; count++) {
    const code = bytes[take(machine, 1)] ?? 0;
    if (code === STOP) {
      const result = pop(machine);
      if (machine.stack.length > 0) fail('leaves more than one value');
      if (machine.at < bytes.length) fail(`goes on for ${bytes.length - machine.at} bytes after its end`);
      return result;
    }
    const step = steps.get(code);
    if (step === undefined) return fail(`uses opcode ${opcodeName(code)}, which ${notAccepted}`);
    step(machine);
  }
  return fail(`runs more than ${mostOpcodes} opcodes`);
}

const notAccepted =
  'is not accepted: only dictionaries of tensors are read, and no code is run; ' +
  "save the state dict alone: torch.save(model.state_dict(), 'pytorch_model.bin')";
const STOP = 0x2e;

/** What each accepted opcode does; one that is missing here is refused by name. */
const steps = new Map<number, <O>(machine: Machine<O>) => void>([
  // The stack
  [0x28, (m) => void m.marks.push(m.stack.length)], // MARK
  [0x30, (m) => void pop(m)], // POP
  // Plain data
  [0x4e, (m) => push(m, null)], // NONE
  [0x88, (m) => push(m, true)], // NEWTRUE
  [0x89, (m) => push(m, false)], // NEWFALSE
  [0x4b, (m) => push(m, m.view.getUint8(take(m, 1)))], // BININT1
  [0x4d, (m) => push(m, m.view.getUint16(take(m, 2), true))], // BININT2
  [0x4a, (m) => push(m, m.view.getInt32(take(m, 4), true))], // BININT
  [0x8a, (m) => push(m, longInteger(m, m.view.getUint8(take(m, 1))))], // LONG1
  [0x47, (m) => push(m, m.view.getFloat64(take(m, 8)))], // BINFLOAT, big-endian
  [0x55, (m) => push(m, text(m, m.view.getUint8(take(m, 1))))], // SHORT_BINSTRING
  [0x8c, (m) => push(m, text(m, m.view.getUint8(take(m, 1))))], // SHORT_BINUNICODE
  [0x58, (m) => push(m, text(m, m.view.getUint32(take(m, 4), true)))], // BINUNICODE
  // Containers
  [0x29, (m) => push(m, tuple([]))], // EMPTY_TUPLE
  [0x85, (m) => push(m, tuple([pop(m)]))], // TUPLE1
  [0x86, (m) => push(m, tuple([pop(m), pop(m)].reverse()))], // TUPLE2
  [0x87, (m) => push(m, tuple([pop(m), pop(m), pop(m)].reverse()))], // TUPLE3
  [0x74, (m) => push(m, tuple(popToMark(m)))], // TUPLE
  [0x5d, (m) => push(m, { kind: 'list', items: [] })], // EMPTY_LIST
  [0x61, (m) => extend(m, [pop(m)])], // APPEND
  [0x65, (m) => extend(m, popToMark(m))], // APPENDS
  [0x7d, (m) => push(m, { kind: 'dict', entries: new Map() })], // EMPTY_DICT
  [0x73, (m) => assign(m, [pop(m), pop(m)].reverse())], // SETITEM
  [0x75, (m) => assign(m, popToMark(m))], // SETITEMS
  // The memo
  [0x71, (m) => remember(m, m.view.getUint8(take(m, 1)))], // BINPUT
  [0x72, (m) => remember(m, m.view.getUint32(take(m, 4), true))], // LONG_BINPUT
  [0x94, (m) => remember(m, m.memo.size)], // MEMOIZE
  [0x68, (m) => recall(m, m.view.getUint8(take(m, 1)))], // BINGET
  [0x6a, (m) => recall(m, m.view.getUint32(take(m, 4), true))], // LONG_BINGET
  // What the rules decide
  [0x63, (m) => pushGlobal(m, line(m), line(m))], // GLOBAL
  [0x93, stackGlobal], // STACK_GLOBAL
  [0x51, (m) => push(m, { kind: 'object', object: m.rules.persistent(pop(m)) })], // BINPERSID
  [0x52, reduce], // REDUCE
  [0x62, build], // BUILD
  // The protocol's number and the frames only announce what the opcodes say themselves.
  [0x80, (m) => void take(m, 1)], // PROTO
  [0x95, (m) => void take(m, 8)], // FRAME
]);

/** Moves on by a number of bytes and returns where they begin. */
function take<O>(m: Machine<O>, length: number): number {
  const start = m.at;
  if (start + length > m.bytes.length) m.fail('is truncated');
  m.at += length;
  return start;
}

function push<O>(m: Machine<O>, value: PickleValue<O>): void {
  m.stack.push(value);
}

function tuple<O>(items: readonly PickleValue<O>[]): PickleValue<O> {
  return { kind: 'tuple', items };
}

/** The stack's top; what lies below an open mark is out of reach. */
function top<O>(m: Machine<O>): PickleValue<O> {
  const value = m.stack.length > (m.marks.at(-1) ?? 0) ? m.stack.at(-1) : undefined;
  return value === undefined ? m.fail('takes a value from an empty stack') : value;
}

function pop<O>(m: Machine<O>): PickleValue<O> {
  const value = top(m);
  m.stack.pop();
  return value;
}

function popToMark<O>(m: Machine<O>): PickleValue<O>[] {
  return m.stack.splice(m.marks.pop() ?? m.fail('takes values up to a mark that is not there'));
}

function extend<O>(m: Machine<O>, items: readonly PickleValue<O>[]): void {
  const list = top(m);
  if (!isKind(list, 'list')) return m.fail(`appends to ${describe(list)}`);
  for (const item of items) list.items.push(item);
}

function assign<O>(m: Machine<O>, pairs: readonly PickleValue<O>[]): void {
  const dict = top(m);
  if (!isKind(dict, 'dict')) return m.fail(`sets an entry of ${describe(dict)}`);
  if (pairs.length % 2 !== 0) m.fail('sets an entry without a value');
  for (let i = 0; i < pairs.length; i += 2) {
    const key = pairs[i] ?? null;
    if (typeof key !== 'string' && typeof key !== 'number')
      return m.fail(`has a dictionary with ${describe(key)} for a key`);
    if (dict.entries.has(key)) m.fail(`names ${quote(String(key))} twice`);
    dict.entries.set(key, pairs[i + 1] ?? null);
  }
}

function remember<O>(m: Machine<O>, index: number): void {
  m.memo.set(index, top(m));
}

function recall<O>(m: Machine<O>, index: number): void {
  const value = m.memo.get(index);
  push(m, value === undefined ? m.fail(`recalls memo ${index}, which nothing wrote`) : value);
}

function stackGlobal<O>(m: Machine<O>): void {
  const name = pop(m);
  const module = pop(m);
  if (typeof name !== 'string' || typeof module !== 'string') m.fail('makes a name of what is not a text');
  else pushGlobal(m, module, name);
}

function pushGlobal<O>(m: Machine<O>, module: string, name: string): void {
  const full = `${module}.${name}`;
  push(m, m.rules.globals.get(full) ?? m.fail(`refers to ${quote(full)}, which ${notAccepted}`));
}

function reduce<O>(m: Machine<O>): void {
  const args = pop(m);
  const callee = pop(m);
  if (!isKind(callee, 'global') || callee.call === undefined) return m.fail(`calls ${describe(callee)}`);
  if (!isKind(args, 'tuple')) return m.fail(`calls ${callee.name} with ${describe(args)} for its arguments`);
  push(m, callee.call(args.items));
}

/** Attributes of a dictionary (PyTorch keeps its modules' versions there) are of no use here and dropped. */
function build<O>(m: Machine<O>): void {
  pop(m);
  const target = top(m);
  if (!isKind(target, 'dict')) m.fail(`uses opcode BUILD on ${describe(target)}, which ${notAccepted}`);
}

function longInteger<O>(m: Machine<O>, length: number): number {
  const start = take(m, length);
  if (length > 8) m.fail(`holds a whole number of ${length} bytes`);
  let value = 0n;
  for (let i = 0; i < length; i++) value |= BigInt(m.bytes[start + i] ?? 0) << BigInt(8 * i);
  const number = Number(BigInt.asIntN(8 * length, value));
  return Number.isSafeInteger(number) ? number : m.fail('holds a whole number beyond 2^53');
}

function text<O>(m: Machine<O>, length: number): string {
  const start = take(m, length);
  try {
    return utf8.decode(m.bytes.subarray(start, start + length));
  } catch {
    return m.fail('holds a text that is not UTF-8');
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A line of a GLOBAL opcode; names of modules are short. */
function line<O>(m: Machine<O>): string {
  const end = m.bytes.subarray(m.at, m.at + 1000).indexOf(0x0a);
  const value = text(m, end < 0 ? m.fail('names a module without an end') : end);
  take(m, 1);
  return value;
}

/** Whether a value is of a kind that is not plain. */
export function isKind<O, K extends 'tuple' | 'list' | 'dict' | 'object' | 'global'>(
  value: PickleValue<O> | undefined,
  kind: K,
): value is Extract<PickleValue<O>, { kind: K }> {
  return typeof value === 'object' && value !== null && value.kind === kind;
}

/** What a value is, for a message. */
export function describe<O>(value: PickleValue<O>): string {
  if (value === null) return 'None';
  if (isKind(value, 'global')) return value.name;
  if (typeof value === 'object') return value.kind === 'object' ? 'an object' : `a ${value.kind}`;
  if (typeof value === 'string') return 'a text';
  return typeof value === 'number' ? 'a number' : 'a truth value';
}
