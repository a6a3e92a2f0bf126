import { cleanName, limits, WireError } from '@wirephoto/board'
import type { FileStarts } from './header-size.ts'

/** The longest of the signatures that are told here. */
const SIGNATURE_BYTES = 12

const readSignature = (file: File): Promise<ArrayBuffer> =>
  file.slice(0, SIGNATURE_BYTES).arrayBuffer()

/** Begin a JPEG (not JPEG-LS), PNG, GIF or WebP, as Latin-1. */
const ORDINARY = /^(?:\xff\xd8\xff[^\xf7]|\x89PNG\r\n|GIF8[79]a|RIFF[^]{4}WEBP)/
interface Measured {
  readonly file: File
  readonly width: number
  readonly height: number
}

/** Files that can't be added, and why. */
export type Refused = ReadonlyMap<File, WireError>

/** The fewest pixels that any kind is refused for. Beyond them the table of kinds is asked. */
const MAX_ORDINARY_PIXELS = 30_000_000

/**
 * Returns why a file can't be added, judged by its first bytes, or null if it can. The server judges the
 * whole file by the same table; this check tells the person at once (F8). `limit` is in bytes. `start` are the first
 * bytes, if they have been read.
 */
export async function refusal(
  file: File,
  name: string,
  limit = Number.POSITIVE_INFINITY,
  start?: Promise<ArrayBuffer>,
): Promise<WireError | null> {
  const { size } = file
  if (size === 0) return new WireError('empty-file', { name })
  const head = await (start ?? readSignature(file)).then(latin1, () => null)
  // The table is fetched for all others. Where it can't be had, the server judges alone.
  const kinds = head !== null && ORDINARY.test(head) ? null : await lazyKinds()
  const refused = (await kinds?.fileRefusal(file, name)) ?? null
  if (refused) return refused
  return size > limit ? new WireError('too-large', { name, size, limit }) : null
}

/** Returns why a picture of this size can't be added, or null if it can (D3, D4). */
export async function sizeRefusal(
  file: File,
  name: string,
  size: { readonly width: number; readonly height: number },
): Promise<WireError | null> {
  const { width, height } = size
  if (width * height <= MAX_ORDINARY_PIXELS && Math.max(width, height) < limits.maxSidePixels)
    return null
  return (await (await lazyKinds())?.excessRefusal(file, name, size)) ?? null
}

/** Judges files by their first bytes, which may have been read. `limit` is in bytes. */
export const refusals = (
  files: readonly File[],
  limit: number,
  starts?: FileStarts,
): Promise<Refused> =>
  refusedAmong(files, (file, name) => refusal(file, name, limit, starts?.get(file)?.bytes))

/** Judges pictures by their sizes. */
export const sizeRefusals = (pictures: readonly Measured[]): Promise<Refused> => {
  const sizes = new Map(pictures.map((picture) => [picture.file, picture]))
  return refusedAmong(sizes.keys(), (file, name) => sizeRefusal(file, name, sizes.get(file)!))
}

async function refusedAmong(
  files: Iterable<File>,
  judge: (file: File, name: string) => Promise<WireError | null>,
): Promise<Refused> {
  const judged = await Promise.all(
    Array.from(files, async (file) => [file, await judge(file, cleanName(file.name))] as const),
  )
  return new Map(judged.flatMap(([file, why]) => (why ? [[file, why] as const] : [])))
}

/** Loads the table of kinds; null without a connection, or after an upgrade of the server. */
const lazyKinds = () => import('./file-kind.ts').catch(() => null)

const latin1 = (bytes: ArrayBuffer): string =>
  String.fromCharCode(...new Uint8Array(bytes.slice(0, SIGNATURE_BYTES)))
