import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { WireError } from '@wirephoto/board'
import { type RDatum, r } from 'rethinkdb-ts'
import type { AsideBlob, BlobStore } from '../engine.ts'
import { readChunks } from '../files/chunks.ts'
import { isSha256, newStamp } from '../ids.ts'
import type { InFlight } from '../in-flight.ts'
import type { Database } from './database.ts'
import { deleteAll } from './prune.ts'
import { type ChunkRow, type CopyRow, HARD, type Tables } from './tables.ts'

/** The size of a stored chunk. Changing it would make stored blobs unreadable. */
const CHUNK_BYTES = 512 * 1024
const NAMES_PER_PAGE = 1_000
const CHUNKS_PER_DELETE = 20

/**
 * Opens the blobs, which are stored as chunks of at most 512 KiB. Two chunks are in memory at a time.
 *
 * RethinkDB has no transactions, so one document decides whether a blob exists. It becomes `whole` after
 * the last chunk is written, and `going` before the first one is deleted. The remains of a crash are
 * listed like any blob, and are removed in the same way.
 */
export function openBlobs(database: Database, tables: Tables, putsInFlight: InFlight): BlobStore {
  const { blobs, chunks } = tables
  const copiesOf = (sha256: string) => blobs.between([sha256, r.minval], [sha256, r.maxval])

  /** Throws `stopping` once the database is closed, and `not-found` for a name that is no sha256. */
  function check(sha256: string): void {
    database.checkOpen()
    if (!isSha256(sha256)) throw new WireError('not-found')
  }

  const wholeCopies = (sha256: string) => copiesOf(sha256).filter({ state: 'whole' })

  async function wholeCopy(sha256: string): Promise<CopyRow | undefined> {
    return (await database.run<CopyRow[]>(copiesOf(sha256).filter(isThere).limit(1)))[0]
  }

  async function renew(sha256: string): Promise<boolean> {
    check(sha256)
    const now = latest(Date.now())
    const renewed = (copy: RDatum) => ({
      touchedAt: r.expr([copy('touchedAt'), now]).max(),
      asideSince: null,
    })
    const touch = (copy: RDatum) => r.branch(copy('state').eq('whole'), renewed(copy), {})
    const { changes = [] } = await database.write<CopyRow>(
      copiesOf(sha256).update(touch, { ...HARD, returnChanges: 'always' }),
    )
    return changes.some(({ new_val: copy }) => copy?.state === 'whole')
  }

  async function put(path: string, sha256: string): Promise<void> {
    let isStored = false
    if (await renew(sha256)) {
      await using file = await open(path)
      for (const copy of await database.run<CopyRow[]>(wholeCopies(sha256)))
        if (await heal(copy, file)) isStored = true
    }
    if (!isStored) await storeCopy(path, [sha256, newStamp()])
  }

  /** Replaces the chunks that differ from a file's. Resolves to false if the copy goes meanwhile. */
  async function heal({ id, size }: CopyRow, file: FileHandle): Promise<boolean> {
    let [count, bytes, isSound] = [0, 0, true]
    for await (const data of readChunks(file, CHUNK_BYTES)) {
      const key: ChunkRow['id'] = [...id, count++]
      bytes += data.length
      const stored = await database.run<ChunkRow | null>(chunks.get(key))
      if (stored?.data.equals(data)) continue
      isSound = false
      await database.write(chunks.insert({ id: key, data }, { ...HARD, conflict: 'replace' }))
    }
    const extra = chunks.between([...id, count], [...id, r.maxval])
    if ((await database.run<number>(extra.count())) > 0) {
      isSound = false
      await deleteAll(database, extra, CHUNKS_PER_DELETE)
    }
    if (isSound && bytes === size) return true
    const mended = { size: bytes, touchedAt: latest(Date.now()) }
    const commit = (copy: RDatum) => r.branch(copy('state').eq('whole'), mended, {})
    const { changes = [] } = await database.write<CopyRow>(
      blobs.get(id).update(commit, { ...HARD, returnChanges: 'always' }),
    )
    if (changes[0]?.new_val?.state === 'whole') return true
    // Its removal may have passed some of these chunks already.
    await deleteCopy(id)
    return false
  }

  async function storeCopy(path: string, id: CopyRow['id']): Promise<void> {
    await using file = await open(path)
    const arriving: CopyRow = { id, state: 'arriving', touchedAt: Date.now(), size: 0 }
    await database.write(blobs.insert(arriving, HARD))
    try {
      let size = 0
      let n = 0
      for await (const data of readChunks(file, CHUNK_BYTES)) {
        await database.write(chunks.insert({ id: [...id, n++], data }, HARD))
        size += data.length
      }
      // The lease starts when the blob is whole.
      const whole = { state: 'whole', touchedAt: latest(Date.now()), size } as const
      const commit = (copy: RDatum) => r.branch(copy('state').eq('arriving'), whole, {})
      const { replaced } = await database.write(blobs.get(id).update(commit, HARD))
      if (replaced !== 1) throw new WireError('busy')
    } catch (error) {
      await deleteCopy(id).catch(() => {
        // The copy is listed, so the collector removes it later.
      })
      throw error
    }
  }

  async function deleteCopy(id: CopyRow['id']): Promise<void> {
    await database.write(blobs.get(id).update({ state: 'going' }, HARD))
    await deleteAll(
      database,
      chunks.between([...id, r.minval], [...id, r.maxval]),
      CHUNKS_PER_DELETE,
    )
    await database.write(blobs.get(id).delete(HARD))
  }

  /** Reads the bytes from `start` up to and excluding `end`, fetching one chunk ahead. */
  async function* readRange({ id, size }: CopyRow, start: number, end: number) {
    const fetch = async (n: number) => {
      const chunk = await database.run<ChunkRow | null>(chunks.get([...id, n]))
      // If the blob was removed meanwhile, a stream that ends well would pass for a whole picture.
      if (!chunk) throw new WireError('not-found')
      return chunk.data
    }
    const stop = Math.min(end, size)
    let n = Math.floor(start / CHUNK_BYTES)
    let next = start < stop ? fetch(n) : null
    while (next) {
      const data = await next
      const after = (n + 1) * CHUNK_BYTES
      next = after < stop ? fetch(n + 1) : null
      // The reader may stop here and never await it.
      next?.catch(() => {})
      yield data.subarray(Math.max(start - n * CHUNK_BYTES, 0), stop - n * CHUNK_BYTES)
      n++
    }
  }

  return {
    put: (path, sha256) => putsInFlight.track(put(path, sha256)),

    async get(sha256, range) {
      check(sha256)
      let copy = await wholeCopy(sha256)
      if (!copy && (await renew(sha256))) copy = await wholeCopy(sha256)
      if (!copy) throw new WireError('not-found')
      const { start, end } = range ?? { start: 0, end: copy.size }
      return Readable.from(readRange(copy, start, end), { objectMode: false })
    },

    async stat(sha256) {
      database.checkOpen()
      if (!isSha256(sha256)) return null
      const copies = await database.run<CopyRow[]>(wholeCopies(sha256))
      const copy = copies.find(({ asideSince = null }) => asideSince === null) ?? copies[0]
      if (!copy) return null
      const count = await database.run<number>(
        chunks.between([...copy.id, r.minval], [...copy.id, r.maxval]).count(),
      )
      // Lengths of chunks aren't known without reading them, but their number tells of lost ones.
      const isWhole = count === Math.ceil(copy.size / CHUNK_BYTES)
      return { size: isWhole ? copy.size : count * CHUNK_BYTES, version: null }
    },

    async peek(sha256, length) {
      database.checkOpen()
      if (!isSha256(sha256)) return null
      const [copy] = await database.run<CopyRow[]>(wholeCopies(sha256).limit(1))
      return copy ? buffer(readRange(copy, 0, length)).catch(nullIfNotFound) : null
    },

    async has(sha256) {
      database.checkOpen()
      return isSha256(sha256) && (await wholeCopy(sha256)) !== undefined
    },

    renew: (sha256) => putsInFlight.track(renew(sha256)),

    async touchedAt(sha256) {
      check(sha256)
      // The remains of a put that has died count too, so that they are found and removed.
      const copies = await database.run<CopyRow[]>(
        copiesOf(sha256).filter((copy: RDatum) => asideSince(copy).eq(null)),
      )
      return copies.length > 0 ? Math.max(...copies.map((copy) => copy.touchedAt)) : null
    },

    async *list() {
      database.checkOpen()
      for (let after = ''; ; ) {
        const page = blobs
          .between([after, r.maxval], r.maxval)
          .orderBy({ index: 'id' })
          .filter((copy: RDatum) => asideSince(copy).eq(null))
          .limit(NAMES_PER_PAGE)
        const rows = await database.run<CopyRow[]>(page)
        for (const { id } of rows) {
          if (id[0] !== after) yield id[0]
          after = id[0]
        }
        if (rows.length < NAMES_PER_PAGE) return
      }
    },

    async remove(sha256, { unlessTouchedSince }) {
      check(sha256)
      const markGoing = (copy: RDatum) =>
        r.branch(copy('touchedAt').lt(unlessTouchedSince), { state: 'going' }, {})
      const { changes = [] } = await database.write<CopyRow>(
        copiesOf(sha256).update(markGoing, { ...HARD, returnChanges: 'always' }),
      )
      for (const { new_val: copy } of changes)
        if (copy?.state === 'going') await deleteCopy(copy.id)
      const isGone = changes.every(({ new_val: copy }) => copy?.state !== 'whole')
      return isGone && changes.some(({ old_val: copy }) => copy?.state === 'whole')
    },

    async setAside(sha256, { unlessTouchedSince }) {
      check(sha256)
      const since = latest(Date.now())
      // The remains of a put that has died were never a blob.
      const move = (copy: RDatum) =>
        r.branch(
          copy('touchedAt').ge(unlessTouchedSince).or(asideSince(copy).ne(null)),
          {},
          r.branch(copy('state').eq('whole'), { asideSince: since }, { state: 'going' }),
        )
      const { changes = [] } = await database.write<CopyRow>(
        copiesOf(sha256).update(move, { ...HARD, returnChanges: true }),
      )
      for (const { new_val: copy } of changes)
        if (copy?.state === 'going') await deleteCopy(copy.id)
      const moved = changes.flatMap(({ new_val: copy }) => (copy?.state === 'whole' ? copy : []))
      return moved.length > 0 ? moved.reduce((total, { size }) => total + size, 0) : null
    },

    async *listAside() {
      database.checkOpen()
      const aside = blobs.filter((copy: RDatum) => asideSince(copy).ne(null))
      const found = aside.map((copy: RDatum) => ({
        sha256: copy('id')(0),
        since: asideSince(copy),
      }))
      const rows = await database.run<AsideBlob[]>(found)
      yield* new Map(rows.map((row) => [row.sha256, row])).values()
    },

    async removeAside(sha256, { unlessAsideSince }) {
      check(sha256)
      const markGoing = (copy: RDatum) =>
        r.branch(asideSince(copy).default(r.maxval).lt(unlessAsideSince), { state: 'going' }, {})
      const { changes = [] } = await database.write<CopyRow>(
        copiesOf(sha256).update(markGoing, { ...HARD, returnChanges: true }),
      )
      for (const { new_val: copy } of changes) if (copy) await deleteCopy(copy.id)
      return changes.length > 0
    },
  }
}

function nullIfNotFound(error: unknown): null {
  if (error instanceof WireError && error.code === 'not-found') return null
  throw error
}

/** The database's clock, in milliseconds since 1970. */
export const NOW_MS = r.now().toEpochTime().mul(1_000).floor()

/** The later of a time and of the database's clock. Servers' clocks may be wrong, also by days. */
const latest = (at: number): RDatum => r.expr([at, NOW_MS]).max()

const asideSince = (copy: RDatum): RDatum => copy('asideSince').default(null)

/** Selects the copies that are whole, and not set aside. */
const isThere = (copy: RDatum): RDatum => copy('state').eq('whole').and(asideSince(copy).eq(null))
