/**
 * Who may ask. A server on loopback is still reached by every page that a person has open: a page elsewhere can post to
 * it, and a name that its owner points at 127.0.0.1 makes the server look like that page's own (DNS rebinding). So every
 * request must name a host that is this server's, must not come from another origin, and beyond loopback must bring a
 * token.
 * @module
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { type MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { ProblemError } from '../workbench/problem-error.js';

/** Whom a server answers. */
export interface GuardOptions {
  /** Address that it listens at. */
  readonly host: string;
  /** Other names by which it is known. */
  readonly names: readonly string[];
  /** Asked of everyone unless null. */
  readonly token: string | null;
}

const cookie = 'inversionview_token';

/** Whether an address is this machine's own. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);

/** Refuses what comes from elsewhere; lets nobody in without the token. */
export function guard({ host, names, token }: GuardOptions): MiddlewareHandler {
  const open = !isLoopback(host);
  const own = new Set([host, ...names, ...(open ? [hostname()] : [])].map((name) => name.toLowerCase()));
  const isOwn = (name: string): boolean => isLoopback(name) || own.has(name) || (open && isIP(name) !== 0);

  return async (c, next) => {
    const named = c.req.header('host') ?? '';
    if (!isOwn(hostOf(named))) {
      throw new ProblemError({
        code: 'forbidden',
        message: `This server is not ${JSON.stringify(named)}: use the address that it printed, or start it with --name.`,
      });
    }
    const origin = c.req.header('origin');
    const site = c.req.header('sec-fetch-site') ?? 'none';
    const foreign = site !== 'same-origin' && site !== 'none' && c.req.path.startsWith('/api');
    if (foreign || (origin !== undefined && originHost(origin) !== named.toLowerCase())) {
      throw new ProblemError({ code: 'forbidden', message: 'Requests from other sites are not taken.' });
    }
    if (token !== null) {
      const given = c.req.query('token');
      if (given !== undefined && isSame(given, token) && c.req.method === 'GET') {
        // Out of the address, so that it is neither bookmarked nor copied along with it.
        setCookie(c, cookie, token, { httpOnly: true, sameSite: 'Strict', path: '/' });
        const url = new URL(c.req.url);
        url.searchParams.delete('token');
        return c.redirect(`${url.pathname}${url.search}`);
      }
      const bearer = c.req.header('authorization')?.replace(/^Bearer /i, '');
      if (!isSame(bearer ?? getCookie(c, cookie) ?? '', token)) {
        throw new ProblemError({
          code: 'token',
          message: 'This server asks for a token: open the address that it printed, which carries it.',
        });
      }
    }
    return next();
  };
}

/** The name in a Host header, lower case, without port and brackets; empty when it is malformed. */
function hostOf(header: string): string {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:/?#@\\[\]]+))(?::\d{1,5})?$/i.exec(header);
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase();
}

/** The host of an origin as a Host header would name it. */
function originHost(origin: string): string | null {
  const match = /^https?:\/\/([^/?#@\\]+)$/i.exec(origin);
  return match?.[1]?.toLowerCase() ?? null;
}

/** Compares in constant time, whatever was right. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/** Only JSON may be posted: a form of another site can send nothing of the kind. */
export const onlyJson: MiddlewareHandler = async (c, next) => {
  const sends = c.req.method === 'POST' || c.req.method === 'PUT';
  if (sends && !/^application\/json\s*(?:;|$)/i.test(c.req.header('content-type') ?? '')) {
    throw new ProblemError({
      code: 'media-type',
      message: 'Send JSON: the Content-Type must be application/json.',
    });
  }
  return next();
};

/** What a browser may do with anything that comes from here. Plots set style attributes, hence `unsafe-inline` for those. */
const headers: readonly (readonly [string, string])[] = [
  [
    'Content-Security-Policy',
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
      "font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Embedder-Policy', 'require-corp'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
];

/** Adds them; what is not a file of the page is not to be kept. */
export const secureHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  for (const [name, value] of headers) if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store');
};
