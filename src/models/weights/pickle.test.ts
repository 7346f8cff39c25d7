import { describe, expect, it } from 'vitest';
import {
  call,
  type Code,
  dict,
  global,
  integer,
  pickle,
  text,
  tuple,
} from '../../../test/fixtures/torch-archive.js';
import { InputError } from '../../input-error.js';
import { type PickleGlobal, type PickleValue, readPickle } from './pickle.js';

const globals = new Map<string, PickleGlobal<string>>([
  ['good.name', { kind: 'global', name: 'good.name' }],
  [
    'good.twice',
    { kind: 'global', name: 'good.twice', call: ([x]) => ({ kind: 'list', items: [x ?? 0, x ?? 0] }) },
  ],
]);

const read = (bytes: Uint8Array): PickleValue<string> =>
  readPickle(bytes, 'its pickle', { globals, persistent: () => 'stored' });

/** A value as plain data. */
function plain(value: PickleValue<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value.kind === 'dict') return new Map([...value.entries].map(([k, v]) => [k, plain(v)]));
  if (value.kind === 'tuple' || value.kind === 'list') return value.items.map(plain);
  return value.kind === 'object' ? value.object : value.name;
}

describe('readPickle', () => {
  it.each<[string, Code, unknown]>([
    ['None', [0x4e], null],
    ['truth values', [...tuple([0x88], [0x89])], [true, false]],
    ['whole numbers', tuple(integer(-3), [0x4b, 200], [0x4d, 1, 2]), [-3, 200, 513]],
    ['long whole numbers', tuple([0x8a, 0], [0x8a, 1, 0xff], [0x8a, 5, 0, 0, 0, 0, 1]), [0, -1, 2 ** 32]],
    ['fractions', [0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], 1.5],
    ['texts', tuple(text('é'), [0x8c, 2, 0x68, 0x69], [0x55, 1, 0x61]), ['é', 'hi', 'a']],
    [
      'small tuples',
      [...integer(1), 0x85, ...integer(2), ...integer(3), 0x86, 0x29, 0x87],
      [[1], [2, 3], []],
    ],
    ['lists', [0x5d, ...integer(1), 0x61, 0x28, ...integer(2), ...integer(3), 0x65], [1, 2, 3]],
    [
      'dictionaries with numbers for keys',
      dict(integer(7), text('a'), text('7'), text('b')),
      new Map<unknown, unknown>([
        [7, 'a'],
        ['7', 'b'],
      ]),
    ],
    [
      'dictionaries',
      [...dict(text('a'), integer(1)), ...text('b'), 0x29, 0x73],
      new Map<unknown, unknown>([
        ['a', 1],
        ['b', []],
      ]),
    ],
    [
      'the memo',
      tuple(text('x'), [0x71, 7], text('y'), [0x94, 0x68, 7, 0x6a, 1, 0, 0, 0]),
      ['x', 'y', 'x', 'y'],
    ],
    ['names', [...text('good'), ...text('name'), 0x93], 'good.name'],
    ['calls', call(global('good', 'twice'), integer(4)), [4, 4]],
    ['persistent ids', [...text('any'), 0x51], 'stored'],
    ['what is dropped', [...integer(1), 0x30, ...dict(), ...dict(), 0x62], new Map()],
  ])('reads %s', (_, code, value) => {
    expect(plain(read(pickle(code)))).toEqual(value);
  });

  it('leaves no trace of a dictionary that holds itself', () => {
    const value = read(pickle([0x7d, 0x71, 0, ...text('self'), 0x68, 0, 0x73]));
    expect(value).toMatchObject({ kind: 'dict' });
  });

  it.each<[string, Code, RegExp]>([
    [
      'os.system',
      call(global('os', 'system'), text('id')),
      /refers to "os\.system", which is not accepted: only dictionaries of tensors are read, and no code is run/,
    ],
    ['posix.system', global('posix', 'system'), /"posix\.system"/],
    ['builtins.eval by STACK_GLOBAL', [...text('builtins'), ...text('eval'), 0x93], /"builtins\.eval"/],
    ['a name that hides in another', global('good', 'name.__class__'), /"good\.name\.__class__"/],
    ['a name of Object', global('constructor', 'constructor'), /"constructor\.constructor"/],
    ['terminal codes in a name', global('\u001b[2J', '\u009b'), /"\\u001b\[2J\.\\u009b"/],
    [
      'INST',
      [0x28, 0x69, ...new TextEncoder().encode('os\nsystem\n')],
      /uses opcode INST, which is not accepted/,
    ],
    ['OBJ', [0x28, ...global('good', 'name'), 0x6f], /uses opcode OBJ, which is not accepted/],
    ['NEWOBJ', [...global('good', 'name'), 0x29, 0x81], /uses opcode NEWOBJ/],
    ['NEWOBJ_EX', [0x92], /uses opcode NEWOBJ_EX/],
    ['EXT1', [0x82, 1], /uses opcode EXT1/],
    ['PERSID', [0x50], /uses opcode PERSID/],
    ['DUP', [0x4e, 0x32], /uses opcode DUP/],
    ['INT', [0x49, 0x31, 0x0a], /uses opcode INT,/],
    ['BINBYTES', [0x42], /uses opcode BINBYTES/],
    ['EMPTY_SET', [0x8f], /uses opcode EMPTY_SET/],
    ['BYTEARRAY8', [0x96], /uses opcode BYTEARRAY8/],
    ['what is no opcode', [0xff], /uses opcode 0xff/],
    ['BUILD on a name', [...global('good', 'name'), ...dict(), 0x62], /uses opcode BUILD on good\.name/],
    ['a call of a name that is none', call(global('good', 'name')), /calls good\.name\./],
    ['a call of a text', call(text('x')), /calls a text/],
    ['a call with a list', [...global('good', 'twice'), 0x5d, 0x52], /calls good\.twice with a list/],
    ['an empty stack', [0x85], /takes a value from an empty stack/],
    ['a mark in the way', [...integer(1), 0x28, 0x61], /takes a value from an empty stack/],
    ['no mark', [0x74], /a mark that is not there/],
    ['nothing to leave', [], /takes a value from an empty stack/],
    ['too much to leave', [0x4e, 0x4e], /leaves more than one value/],
    [
      'a memo that was never written',
      [0x6a, 0xff, 0xff, 0xff, 0xff],
      /recalls memo 4294967295, which nothing wrote/,
    ],
    ['an append to a dictionary', [0x7d, 0x4e, 0x61], /appends to a dict/],
    ['an entry of a list', [0x5d, 0x4e, 0x4e, 0x73], /sets an entry of a list/],
    ['an entry without a value', dict(text('a')), /an entry without a value/],
    ['None for a key', dict([0x4e], integer(2)), /a dictionary with None for a key/],
    ['a tuple for a key', dict(tuple(), integer(2)), /a dictionary with a tuple for a key/],
    ['a number twice', dict(integer(1), integer(1), integer(1), integer(2)), /names "1" twice/],
    ['a name twice', dict(text('a'), integer(1), text('a'), integer(2)), /names "a" twice/],
    ['a text that is cut', [0x58, 0xff, 0xff, 0xff, 0x7f, 0x61], /is truncated/],
    ['a text that is not UTF-8', [0x8c, 1, 0xff], /not UTF-8/],
    ['a huge whole number', [0x8a, 9, ...Array<number>(9).fill(1)], /a whole number of 9 bytes/],
    ['a whole number that is not exact', [0x8a, 8, ...Array<number>(8).fill(0x7f)], /beyond 2\^53/],
    ['a module without an end', [0x63, ...Array<number>(2000).fill(0x61)], /names a module without an end/],
  ])('refuses %s', (_, code, message) => {
    expect(() => read(pickle(code))).toThrow(InputError);
    expect(() => read(pickle(code))).toThrow(message);
  });

  it('refuses a pickle that is cut anywhere, or goes on', () => {
    const whole = pickle(dict(text('a'), call(global('good', 'twice'), integer(1))));
    for (let length = 0; length < whole.length; length++) {
      expect(() => read(whole.subarray(0, length))).toThrow(InputError);
    }
    expect(() => read(Uint8Array.from([...whole, 0]))).toThrow(/goes on for 1 bytes after its end/);
  });

  it('refuses a pickle that only fills the memo, the stack or its own lists', () => {
    const bomb = (...code: number[]) => {
      const bytes = new Uint8Array(3_000_000);
      for (let i = 0; i < bytes.length; i++) bytes[i] = code[i % code.length] ?? 0;
      return bytes;
    };
    expect(() => read(bomb(0x7d, 0x94))).toThrow(/runs more than 1000000 opcodes/);
    expect(() => read(bomb(0x28))).toThrow(/runs more than 1000000 opcodes/);
    expect(() => read(bomb(0x5d))).toThrow(/runs more than 1000000 opcodes/);
  });

  it('takes deep nesting and doubling without recursion or expansion', () => {
    const deep = Array.from({ length: 100_000 }, () => 0x85);
    expect(read(Uint8Array.from([0x4e, ...deep, 0x2e]))).toMatchObject({ kind: 'tuple' });
    // Each step makes a pair of the value before: 2^64 leaves when written out.
    const doubling = Array.from({ length: 64 }, () => [0x71, 0, 0x68, 0, 0x86]).flat();
    expect(read(pickle([0x4e, ...doubling]))).toMatchObject({ kind: 'tuple' });
  });
});
