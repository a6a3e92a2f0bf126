import { setImmediate } from 'node:timers/promises'
import { WireError } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { type Boards, purgeExpired } from '../boards/boards.ts'
import type { GarbageCollectionTimes } from '../config.ts'
import type { IncomingFiles } from './uploads/incoming-files.ts'
import { type Intake, isArriving } from './uploads/intake.ts'
import { sidesOf, type Variants, variantKey } from './variants.ts'

/** Records that are looked at in one go. */
const SLICE = 500

const HOUR = 3_600_000
export const GARBAGE_COLLECTION_TIMES: GarbageCollectionTimes = {
  firstDelayMs: HOUR / 6,
  intervalMs: 24 * HOUR,
  blobLeaseMs: HOUR,
  arrivingTimeoutMs: 24 * HOUR,
}

interface Parts {
  readonly engine: Engine
  readonly boards: Boards
  readonly incomingFiles: IncomingFiles
  readonly variants: Variants
  readonly intake: Intake
  /** Tells a picture's sender, if here, that it is given up. */
  readonly notify: (board: string, visitor: string, error: WireError) => void
  readonly log: FastifyBaseLogger
}

/** Sweeps now and then, never holding up the start. Ends with the sweep that is under way. */
export function scheduleGarbageCollection(
  parts: Parts,
  times: GarbageCollectionTimes = GARBAGE_COLLECTION_TIMES,
): { close(): Promise<void> } {
  let running = Promise.resolve()
  const sweepNow = () => {
    running = running
      .then(() => collectGarbage(parts, times))
      .catch((error: unknown) => {
        parts.log.error({ err: error }, 'sweep broke off')
      })
  }
  let timer = setTimeout(() => {
    sweepNow()
    timer = setInterval(sweepNow, times.intervalMs).unref()
  }, times.firstDelayMs).unref()
  return {
    close() {
      clearTimeout(timer)
      return running
    },
  }
}

/** Fails pictures that nobody sends any more, and removes blobs that no record refers to (F1). */
export async function collectGarbage(
  { engine, boards, incomingFiles, variants, intake, notify }: Omit<Parts, 'log'>,
  times: GarbageCollectionTimes,
): Promise<void> {
  const start = Date.now()
  const begun = incomingFiles.list()
  const wanted = new Set<string>()
  const arrivingKeys = new Set<string>()
  let looked = 0
  for (const { board } of await engine.boards.list()) {
    const stale: string[] = []
    let hasTrash = false
    const { records } = await engine.log.load(board)
    for (const record of records) {
      if (record.kind !== 'image') continue
      if (record.blob !== null) {
        wanted.add(record.blob)
        for (const side of [...sidesOf(record), ...(record.variants ?? [])])
          wanted.add(variantKey(record.blob, side))
      } else arrivingKeys.add(`${board} ${record.id}`)
      if (record.blob === null && record.createdAt < start - times.arrivingTimeoutMs)
        stale.push(record.id)
      hasTrash ||= record.deletedAt !== null
      // A full board has 20,000 records, and others wait for this thread.
      if (++looked % SLICE === 0) await setImmediate()
    }
    variants.enqueueMissing(board, records)
    // What it holds is wanted until the next sweep.
    if (hasTrash) await boards.with(board, (live) => purgeExpired(engine, live))
    for (const id of stale) {
      const incomingFile = incomingFiles.get(board, id)
      if (incomingFile && (await incomingFile.touchedAt()) > start - times.arrivingTimeoutMs)
        continue
      await boards.with(board, async (live) => {
        const record = live.records.get(id)
        if (!isArriving(record)) return
        await intake.fail(live, id)
        notify(board, record.author, new WireError('upload-gone'))
      })
      if (incomingFile) await incomingFiles.remove(incomingFile)
    }
  }
  for (const incomingFile of begun) {
    const { board, id } = incomingFile.target!
    if (!arrivingKeys.has(`${board} ${id}`)) await incomingFiles.remove(incomingFile)
  }
  for (const { board, id } of incomingFiles.previewed())
    if (!arrivingKeys.has(`${board} ${id}`)) await incomingFiles.dropPreview(board, id)
  for await (const blob of engine.blobs.list())
    if (!wanted.has(blob))
      await engine.blobs.remove(blob, { unlessTouchedSince: start - times.blobLeaseMs })
}
