import { WireError } from '@wirephoto/board'
import { ClientError } from './client-error.ts'

/**
 * A picture, as what it is at hand: a file or blob, its bytes, the URL where it lies, or a path.
 *
 * A string that begins with `http:`, `https:`, `data:`, `blob:` or `file:` is a URL. Any other string is a path of a file
 * in Node, and on a page an address relative to it.
 *
 * A page can't read most other sites, so the server fetches a URL of another site for it. All other URLs are fetched
 * here.
 */
export type PictureSource = Blob | ArrayBuffer | ArrayBufferView<ArrayBuffer> | URL | string

/** A picture whose bytes are at hand, or the URL that the server shall fetch. */
type OpenedSource =
  | { readonly kind: 'file'; readonly file: Blob; readonly name: string }
  | { readonly kind: 'url'; readonly url: string }

const UNREADABLE = 'There is no file that can be read at this path.'
const URL_SCHEME = /^(?:https?|data|blob|file):/i

/** Finds the bytes of a source, and its name. */
export async function openSource(
  source: PictureSource,
  signal: AbortSignal | undefined,
): Promise<OpenedSource> {
  if (source instanceof Blob)
    return { kind: 'file', file: source, name: 'name' in source ? String(source.name) : '' }
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source))
    return { kind: 'file', file: new Blob([source]), name: '' }
  if (typeof source !== 'string' && !(source instanceof URL))
    throw new TypeError('A picture is a file, its bytes, a URL or a path.')
  const text = String(source)
  const { document } = globalThis
  if (document) {
    const url = new URL(text, document.baseURI)
    const isForeign = url.protocol.startsWith('http') && url.origin !== location.origin
    return isForeign ? { kind: 'url', url: url.href } : fetchFile(url, signal)
  }
  if (!URL_SCHEME.test(text)) return openPath(text)
  const url = new URL(text)
  return url.protocol === 'file:' ? openPath(url) : fetchFile(url, signal)
}

async function fetchFile(url: URL, signal: AbortSignal | undefined): Promise<OpenedSource> {
  const name = url.protocol.startsWith('http') ? lastPartOf(url.pathname) : ''
  try {
    const response = await fetch(url, { signal: signal ?? null })
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`)
    return { kind: 'file', file: await response.blob(), name }
  } catch (cause) {
    signal?.throwIfAborted()
    throw new WireError('unreachable', {}, { cause })
  }
}

/** Opens a file of this machine. It is read as it is sent, so it takes no memory. */
async function openPath(path: string | URL): Promise<OpenedSource> {
  const fs = builtin('node:fs') as BlobOpener
  const file = await openBlob(fs, path)
  const name = typeof path === 'string' ? path.replaceAll('\\', '/') : path.pathname
  return { kind: 'file', file, name: typeof path === 'string' ? baseOf(name) : lastPartOf(name) }
}

interface BlobOpener {
  openAsBlob(path: string | URL): Promise<Blob>
}

async function openBlob(fs: BlobOpener, path: string | URL): Promise<Blob> {
  try {
    const file = await fs.openAsBlob(path)
    // It opens a folder too.
    await file.slice(0, 1).arrayBuffer()
    return file
  } catch (cause) {
    throw new ClientError('unreadable', UNREADABLE, { cause })
  }
}

/** Returns a module of Node. No bundler for browsers sees it. */
function builtin(name: string): object {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): object } }
  const found = process?.getBuiltinModule?.(name)
  if (!found) throw new ClientError('unreadable', UNREADABLE)
  return found
}

const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** Returns the last part of a URL's path, as people read it. */
function lastPartOf(path: string): string {
  try {
    return decodeURIComponent(baseOf(path))
  } catch {
    return baseOf(path)
  }
}
