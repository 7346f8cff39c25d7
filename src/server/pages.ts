/**
 * The page's files. They are few and small: all are held in memory, compressed once, and found by their exact path, so
 * that no path of a request ever reaches the disk.
 * @module
 */
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Handler } from 'hono';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};
const compressible = /^(?:text|application\/(?:json|manifest)|image\/svg)/;

interface Page {
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer> | null;
  readonly type: string;
  readonly tag: string;
  /** Files under assets/ have a hash in their names and never change. */
  readonly fixed: boolean;
}

const zip = promisify(gzip);

/** Serves the files of a folder; when the page has been built anew, the new ones. */
export function pages(folder: string): Handler {
  const index = join(folder, 'index.html');
  let built = 0;
  let files: Promise<ReadonlyMap<string, Page>> = Promise.resolve(new Map());
  return async (c) => {
    const { path } = c.req;
    if (!existsSync(index)) {
      return c.text('The page is not built: run "npm run build" in the package, and reload.', 503);
    }
    const { mtimeMs } = statSync(index);
    if (mtimeMs !== built) {
      built = mtimeMs;
      files = load(folder);
    }
    const page = (await files).get(path === '/' ? '/index.html' : path);
    if (page === undefined) return c.text('There is nothing here.', 404);
    c.header('Cache-Control', page.fixed ? 'public, max-age=31536000, immutable' : 'no-cache');
    c.header('ETag', page.tag);
    c.header('Vary', 'Accept-Encoding');
    if (c.req.header('if-none-match') === page.tag) return c.body(null, 304);
    c.header('Content-Type', page.type);
    const takesGzip = /(?:^|[\s,])gzip(?![^,]*;\s*q=0(?:\.0*)?(?:,|$))/.test(
      c.req.header('accept-encoding') ?? '',
    );
    if (page.gzipped === null || !takesGzip) return c.body(page.plain);
    c.header('Content-Encoding', 'gzip');
    return c.body(page.gzipped);
  };
}

async function load(folder: string): Promise<ReadonlyMap<string, Page>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => {
        const full = join(parentPath, name);
        const path = `/${relative(folder, full).split(sep).join('/')}`;
        const plain = new Uint8Array(await readFile(full));
        const type = types[extname(name)] ?? 'application/octet-stream';
        const gzipped = compressible.test(type) ? new Uint8Array(await zip(plain, { level: 9 })) : null;
        const tag = `"${createHash('sha256').update(plain).digest('hex').slice(0, 16)}"`;
        return [path, { plain, gzipped, type, tag, fixed: path.startsWith('/assets/') }] as const;
      }),
  );
  return new Map(files);
}
