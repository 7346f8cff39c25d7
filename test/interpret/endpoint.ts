/**
 * A small server that speaks the OpenAI protocol on the loopback interface, well or badly.
 * @module
 */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

/** What was asked of it. */
export interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: {
    readonly model?: string;
    readonly stream?: boolean;
    readonly messages?: readonly { role: string; content: string }[];
  };
}

/** One answer; the last serves all further requests. */
export type Behaviour = (response: ServerResponse) => void;

/** A running server. */
export interface Endpoint {
  readonly url: string;
  readonly asked: Asked[];
  close(): Promise<void>;
}

const chunk = (content: string, finish: string | null = null): string =>
  `data: ${JSON.stringify({
    id: 'x',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'served',
    choices: [{ index: 0, delta: { content }, finish_reason: finish }],
  })}\n\n`;

const begin = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/event-stream' });

/** Ways to answer. */
export const behaviours = {
  /** The text in pieces, and a proper end. */
  whole:
    (text: string): Behaviour =>
    (response) => {
      begin(response);
      for (const piece of text.match(/.{1,7}/gs) ?? []) response.write(chunk(piece));
      response.end(`${chunk('', 'stop')}data: [DONE]\n\n`);
    },
  /** Pieces, then a connection that is gone. */
  cut:
    (text: string): Behaviour =>
    (response) => {
      begin(response).write(chunk(text), () => setImmediate(() => response.destroy()));
    },
  /** Pieces, then a stream that ends as if all were well, without saying so. */
  unfinished:
    (text: string): Behaviour =>
    (response) => {
      begin(response).end(chunk(text));
    },
  /** Pieces, then silence. */
  silent:
    (text: string): Behaviour =>
    (response) => {
      begin(response);
      if (text === '') response.flushHeaders();
      else response.write(chunk(text));
    },
  /** Something that is no event stream. */
  raw:
    (text: string, type = 'text/event-stream'): Behaviour =>
    (response) => {
      response.writeHead(200, { 'content-type': type }).end(text);
    },
  refused:
    (status: number): Behaviour =>
    (response) => {
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: { message: `status ${status} it is` } }));
    },
  ended:
    (text: string, reason: string): Behaviour =>
    (response) => {
      begin(response).end(`${chunk(text)}${chunk('', reason)}data: [DONE]\n\n`);
    },
} as const;

/** Starts a server that answers request after request in these ways. */
export async function startEndpoint(...ways: readonly Behaviour[]): Promise<Endpoint> {
  const asked: Asked[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    request.on('end', () => {
      asked.push({
        path: request.url ?? '',
        authorization: request.headers.authorization,
        body: JSON.parse(text) as Asked['body'],
      });
      const way = ways[Math.min(asked.length, ways.length) - 1];
      way?.(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
