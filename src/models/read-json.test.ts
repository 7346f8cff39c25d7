import { describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { readJson } from './read-json.js';
import { type ByteSource, type Directory, memoryDirectory } from './weights/byte-source.js';

const read = (content: string | Uint8Array): Promise<unknown> =>
  readJson(
    memoryDirectory('mine', {
      'a.json': typeof content === 'string' ? new TextEncoder().encode(content) : content,
    }),
    'a.json',
  );

describe('readJson', () => {
  it.each([
    ['{"a": [1, null, "ü"]}', { a: [1, null, 'ü'] }],
    [' 7\n', 7],
    ['null', null],
  ])('reads %s', async (content, value) => {
    expect(await read(content)).toEqual(value);
  });

  it.each(['', '{', '{"a": 1,}', '{\n"a": 1,\r\n}', '\u2028\u0000', 'NaN', '[1] 2', 'true false'])(
    'refuses %j in one line that names the file',
    async (content) => {
      await expect(read(content)).rejects.toThrow(InputError);
      await expect(read(content)).rejects.toThrow(/^mine\/a\.json: not JSON: [^\n]*$/);
    },
  );

  it('refuses bytes that are no UTF-8, instead of reading something else', async () => {
    await expect(read(Uint8Array.of(0x22, 0xff, 0xfe, 0x22))).rejects.toThrow(InputError);
  });

  it('takes a byte order mark', async () => {
    expect(await read('\ufeff{"a": 1}')).toEqual({ a: 1 });
  });

  it('refuses a file that is missing, and names outside the directory', async () => {
    const directory = memoryDirectory('mine', {});
    await expect(readJson(directory, 'a.json')).rejects.toThrow('mine has no file a.json');
    await expect(readJson(directory, '../a.json')).rejects.toThrow(InputError);
  });

  it('refuses a file that no config fills, without reading it, and closes it', async () => {
    const done: string[] = [];
    const huge: ByteSource = {
      name: 'mine/a.json',
      size: 2 ** 40,
      read: () => Promise.reject(new Error('it was read')),
      close: () => {
        done.push('closed');
        return Promise.resolve();
      },
    };
    const directory: Directory = {
      name: 'mine',
      list: () => Promise.resolve([]),
      open: () => Promise.resolve(huge),
    };
    await expect(readJson(directory, 'a.json')).rejects.toThrow(
      /^mine\/a\.json: 1099511627776 bytes are too many/,
    );
    expect(done).toEqual(['closed']);
  });
});
