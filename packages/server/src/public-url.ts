/*
 * The one place that knows what a public URL is: where others reach the server. It may lie under a path of a
 * host that has other things too, and everything else asks here for that path.
 */

/**
 * First segments of the server's own addresses. A proxy may pass the path on or remove it; under these nobody
 * could tell which it has done.
 */
const OWN_SEGMENTS: readonly string[] = [
  'api',
  'assets',
  'b',
  'healthz',
  'image',
  'j',
  'live',
  'metrics',
  'node',
  'readyz',
  'socket.io',
]

/** Characters that no proxy, header or page writes in two ways. */
const SEGMENT = /^[\w~-][\w.~-]*$/

/**
 * Returns a public URL without a slash at its end. Returns null for one that can't be served: not http, with
 * a query, or under a path that is the server's own or needs escapes.
 */
export function parsePublicUrl(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol)) return null
  if (url.href !== url.origin + url.pathname) return null
  const path = url.pathname.replace(/\/$/, '')
  return isBasePath(path) ? url.origin + path : null
}

/** Returns whether a server can lie under a path, as `/photos`; an empty one is the root of a host. */
export function isBasePath(path: string): boolean {
  const [before, ...segments] = path.split('/')
  if (before !== '' || !segments.every((segment) => SEGMENT.test(segment))) return false
  return !OWN_SEGMENTS.includes(segments[0] ?? '')
}

/**
 * Returns the path of a public URL, such as `/photos`; empty at the root of a host. Without a URL it is `path`, by
 * default the root.
 */
export const basePathOf = (publicUrl: string | null, path = ''): string =>
  publicUrl === null ? path : new URL(publicUrl).pathname.replace(/\/$/, '')

/** Returns whether a request's target lies under the base path. */
export const isUnder = (target: string, basePath: string): boolean =>
  target.startsWith(basePath) && /^(?:[/?]|$)/.test(target.slice(basePath.length))

/** Returns a request's target without the base path. A proxy that has removed it already is as good. */
export function withoutBasePath(target: string, basePath: string): string {
  if (!isUnder(target, basePath)) return target
  const rest = target.slice(basePath.length)
  return rest.startsWith('/') ? rest : `/${rest}`
}
