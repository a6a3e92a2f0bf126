import {
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { WireError } from '@wirephoto/board'
import {
  type Bucket,
  EngineError,
  lockFolder,
  makeFolder,
  openBucket,
  removeFile,
  syncFolder,
  systemErrorCode,
} from '@wirephoto/engine'

/** The version of the layout below. */
const FORMAT_VERSION = 1
const MARK_FILE = 'wirephoto-backup.json'
const POINT_ENDING = '.jsonl.gz'
const WHOLE = { start: 0, end: Number.POSITIVE_INFINITY }

/**
 * Where backups lie: `blobs/` has each stored file once, and `points/` a file for each backup, which is written last
 * and names all that it needs. So what broke off has no point.
 */
export interface BackupStore extends AsyncDisposable {
  /** A folder for files on their way here. */
  readonly spool: string
  /** Resolves to the length of a blob; null if it isn't here. */
  sizeOf(blob: string): Promise<number | null>
  /** Takes a file of the spool as a blob. */
  keep(blob: string, path: string): Promise<void>
  /** Opens a blob. Rejects with `not-found`. */
  open(blob: string): Promise<Readable>
  blobs(): AsyncIterable<string>
  removeBlob(blob: string): Promise<void>
  /** Lists the backups, the oldest first. */
  points(): Promise<string[]>
  openPoint(point: string): Promise<Readable>
  /** Takes a file of the spool as a backup that is whole, once all that it names is durable. */
  keepPoint(point: string, path: string): Promise<void>
  removePoint(point: string): Promise<void>
}

/**
 * Opens a folder, or `s3://bucket/folder?endpoint=…&region=…`.
 *
 * @param writes Whether backups are made there: then an empty place becomes one for them.
 * @throws EngineError, with a sentence for the operator.
 */
export const openStore = (place: string, writes: boolean): Promise<BackupStore> =>
  place.startsWith('s3://') ? openS3Store(place, writes) : openFolderStore(place, writes)

const notBackups = (place: string): EngineError =>
  new EngineError(
    'foreign',
    `There are no backups in ${place}, but other things. Name a new or empty folder, or one with backups.`,
  )
const noBackups = (place: string): EngineError =>
  new EngineError('no-boards', `There is no backup in ${place}. Name the place that has one.`)

/** Checks the mark of a place. Throws an EngineError if a newer build has made it. */
function checkMark(mark: string, place: string): void {
  const { format } = JSON.parse(mark) as { format: number }
  if (format > FORMAT_VERSION)
    throw new EngineError(
      'too-new',
      `The backups in ${place} are from a newer Wirephoto. Use that one, or another place.`,
    )
}

const MARK = `${JSON.stringify({ format: FORMAT_VERSION })}\n`

async function openFolderStore(folder: string, writes: boolean): Promise<BackupStore> {
  const mark = await readFile(join(folder, MARK_FILE), 'utf8').catch(nullIfMissing)
  if (mark !== null) checkMark(mark, folder)
  else {
    const names = await readdir(folder).catch(nullIfMissing)
    if (!writes) throw noBackups(folder)
    if (names && names.some((name) => !/^lock(?:-journal)?$/.test(name))) throw notBackups(folder)
    await makeFolder(folder)
  }
  const unlock = writes ? lockForBackup(folder) : () => {}
  const spool = writes ? join(folder, 'spool') : await mkdtemp(join(tmpdir(), 'wirephoto-restore-'))
  if (writes) {
    // One that broke off has left files there.
    await rm(spool, { recursive: true, force: true })
    for (const each of ['spool', 'blobs', 'points']) await makeFolder(join(folder, each))
    if (mark === null) await writeFile(join(folder, MARK_FILE), MARK, { flush: true })
    await syncFolder(folder)
  }
  return new FolderStore(folder, spool, unlock)
}

function lockForBackup(folder: string): () => void {
  try {
    return lockFolder(folder)
  } catch (error) {
    if (!(error instanceof EngineError && error.code === 'folder-locked')) throw error
    throw new EngineError(
      'folder-locked',
      `Another backup is being written to ${folder}. Wait for its end, or name another folder.`,
    )
  }
}

class FolderStore implements BackupStore {
  readonly spool: string
  readonly #folder: string
  readonly #unlock: () => void
  /** Folders with names that aren't durable yet. */
  readonly #unsynced = new Set<string>()

  constructor(folder: string, spool: string, unlock: () => void) {
    this.#folder = folder
    this.spool = spool
    this.#unlock = unlock
  }

  async sizeOf(blob: string): Promise<number | null> {
    return (await stat(this.#pathOf(blob)).catch(nullIfMissing))?.size ?? null
  }

  async keep(blob: string, path: string): Promise<void> {
    await syncFile(path)
    const shard = join(this.#folder, 'blobs', blob.slice(0, 2))
    if (!this.#unsynced.has(shard)) await mkdir(shard, { recursive: true })
    this.#unsynced.add(shard)
    await rename(path, this.#pathOf(blob))
  }

  async open(blob: string): Promise<Readable> {
    const handle = await open(this.#pathOf(blob)).catch(nullIfMissing)
    if (!handle) throw new WireError('not-found')
    return handle.createReadStream()
  }

  async *blobs(): AsyncGenerator<string> {
    for (const shard of await readdir(join(this.#folder, 'blobs')))
      yield* await readdir(join(this.#folder, 'blobs', shard))
  }

  removeBlob(blob: string): Promise<void> {
    return removeFile(this.#pathOf(blob))
  }

  async points(): Promise<string[]> {
    const names = (await readdir(join(this.#folder, 'points')).catch(nullIfMissing)) ?? []
    return names.flatMap(pointIn).sort()
  }

  async openPoint(point: string): Promise<Readable> {
    return (await open(this.#pointPathOf(point))).createReadStream()
  }

  async keepPoint(point: string, path: string): Promise<void> {
    for (const shard of this.#unsynced) await syncFolder(shard)
    this.#unsynced.clear()
    await syncFolder(join(this.#folder, 'blobs'))
    await syncFile(path)
    await rename(path, this.#pointPathOf(point))
    await syncFolder(join(this.#folder, 'points'))
  }

  async removePoint(point: string): Promise<void> {
    await removeFile(this.#pointPathOf(point))
    await syncFolder(join(this.#folder, 'points'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.spool, { recursive: true, force: true })
    this.#unlock()
  }

  #pathOf(blob: string): string {
    return join(this.#folder, 'blobs', blob.slice(0, 2), blob)
  }

  #pointPathOf(point: string): string {
    return join(this.#folder, 'points', `${point}${POINT_ENDING}`)
  }
}

async function openS3Store(place: string, writes: boolean): Promise<BackupStore> {
  const [, name = '', path = '', query = ''] = S3_PLACE.exec(place) ?? []
  const bucket = await openBucket(`s3://${name}${query}`)
  const folder = path === '' ? '' : `${path.replace(/\/$/, '')}/`
  const shown = `s3://${name}/${path}`
  const mark = await bucket.get(`${folder}${MARK_FILE}`, WHOLE)
  if (mark) checkMark(await mark.text(), shown)
  else {
    if (!writes) throw noBackups(shown)
    for await (const _ of bucket.list(folder)) throw notBackups(shown)
    await bucket.putBytes(`${folder}${MARK_FILE}`, Buffer.from(MARK))
  }
  return new S3Store(bucket, folder, await mkdtemp(join(tmpdir(), 'wirephoto-backup-')))
}

const S3_PLACE = /^s3:\/\/([^/?]+)\/?([^?]*)(\?.*)?$/

/** Each object is whole or not there, and its digest is checked by S3 as it comes. */
class S3Store implements BackupStore {
  readonly spool: string
  readonly #bucket: Bucket
  readonly #folder: string
  /** The blobs with their lengths, listed once. */
  #sizes: Promise<Map<string, number>> | undefined

  constructor(bucket: Bucket, folder: string, spool: string) {
    this.#bucket = bucket
    this.#folder = folder
    this.spool = spool
  }

  async sizeOf(blob: string): Promise<number | null> {
    this.#sizes ??= this.#listSizes()
    return (await this.#sizes).get(blob) ?? null
  }

  async keep(blob: string, path: string): Promise<void> {
    await this.#put(this.#keyOf(blob), path)
    const { size } = await stat(path)
    await removeFile(path)
    const sizes = await this.#sizes
    sizes?.set(blob, size)
  }

  open(blob: string): Promise<Readable> {
    return this.#read(this.#keyOf(blob))
  }

  async *blobs(): AsyncGenerator<string> {
    for await (const { name } of this.#list('blobs/')) yield name
  }

  removeBlob(blob: string): Promise<void> {
    return this.#bucket.delete(this.#keyOf(blob))
  }

  async points(): Promise<string[]> {
    const names: string[] = []
    for await (const { name } of this.#list('points/')) names.push(...pointIn(name))
    return names.sort()
  }

  openPoint(point: string): Promise<Readable> {
    return this.#read(this.#pointKeyOf(point))
  }

  keepPoint(point: string, path: string): Promise<void> {
    return this.#put(this.#pointKeyOf(point), path)
  }

  removePoint(point: string): Promise<void> {
    return this.#bucket.delete(this.#pointKeyOf(point))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.spool, { recursive: true, force: true })
  }

  async #listSizes(): Promise<Map<string, number>> {
    const sizes = new Map<string, number>()
    for await (const { name, size } of this.#list('blobs/')) sizes.set(name, size)
    return sizes
  }

  /** Lists the objects of a folder here, by their names in it. */
  async *#list(folder: string): AsyncGenerator<{ readonly name: string; readonly size: number }> {
    const start = this.#folder + folder
    for await (const { key, size } of this.#bucket.list(start))
      yield { name: key.slice(start.length), size }
  }

  async #read(key: string): Promise<Readable> {
    const answer = await this.#bucket.get(key, WHOLE)
    if (!answer) throw new WireError('not-found')
    return Readable.from(answer.body ?? [], { objectMode: false })
  }

  async #put(key: string, path: string): Promise<void> {
    await using file = await open(path)
    await this.#bucket.put(key, file)
  }

  #keyOf(blob: string): string {
    return `${this.#folder}blobs/${blob}`
  }

  #pointKeyOf(point: string): string {
    return `${this.#folder}points/${point}${POINT_ENDING}`
  }
}

/** Returns the name of a backup in that of its file. None for other files. */
const pointIn = (file: string): string[] =>
  file.endsWith(POINT_ENDING) ? [file.slice(0, -POINT_ENDING.length)] : []

async function syncFile(path: string): Promise<void> {
  await using file = await open(path, 'r+')
  await file.sync()
}

function nullIfMissing(error: unknown): null {
  if (systemErrorCode(error) === 'ENOENT') return null
  throw error
}
