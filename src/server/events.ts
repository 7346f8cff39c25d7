/**
 * Server-sent events over `fetch`, from the reader's side. `EventSource` cannot post and cannot be stopped by a signal.
 * @module
 */

const parsed: (json: string) => unknown = JSON.parse;

/** Takes text as it arrives and gives whole events. @param parse takes their data, unless as JSON */
export function eventParser<T = unknown>(
  parse = parsed as (json: string) => T,
): (text: string) => { event: string; data: T }[] {
  let rest = '';
  return (text) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => {
      let event = 'message';
      const data: string[] = [];
      for (const line of block.split('\n')) {
        if (line.startsWith('event: ')) event = line.slice('event: '.length);
        else if (line.startsWith('data: ')) data.push(line.slice('data: '.length));
      }
      return data.length === 0 ? [] : [{ event, data: parse(data.join('\n')) }];
    });
  };
}

/** The events of a response's body; leaving the loop closes the request. */
export async function* readEvents<T = unknown>(
  body: ReadableStream<Uint8Array>,
  parseData?: (json: string) => T,
): AsyncGenerator<{ event: string; data: T }, void> {
  const parse = eventParser(parseData);
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parse(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
