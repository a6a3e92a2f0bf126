import { setImmediate } from 'node:timers/promises'
import { WireError } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { type Boards, purgeExpired } from '../boards/boards.ts'
import type { IncomingFiles } from './uploads/incoming-files.ts'
import { type Intake, isArriving } from './uploads/intake.ts'
import { sidesOf, type Variants, variantKey } from './variants.ts'

/** Records that are looked at in one go. */
const SLICE = 500

/** Milliseconds. */
export interface Times {
  /** From the start of the server to the first sweep, and from one to the next. */
  readonly first: number
  readonly every: number
  /** How long a blob may wait for its record. */
  readonly lease: number
  /** How long a picture may be arriving while nothing of it arrives. */
  readonly patience: number
}

const HOUR = 3_600_000
export const TIMES: Times = { first: HOUR / 6, every: 24 * HOUR, lease: HOUR, patience: 24 * HOUR }

interface Parts {
  readonly engine: Engine
  readonly boards: Boards
  readonly arrivals: IncomingFiles
  readonly variants: Variants
  readonly intake: Intake
  /** Tells a picture's sender, if here, that it is given up. */
  readonly notify: (board: string, visitor: string, error: WireError) => void
  readonly log: FastifyBaseLogger
}

/** Sweeps now and then, never holding up the start. Ends with the sweep that is under way. */
export function sweepRegularly(parts: Parts, times: Times = TIMES): { close(): Promise<void> } {
  let running = Promise.resolve()
  const sweepNow = () => {
    running = running
      .then(() => sweep(parts, times))
      .catch((error: unknown) => {
        parts.log.error({ err: error }, 'sweep broke off')
      })
  }
  let timer = setTimeout(() => {
    sweepNow()
    timer = setInterval(sweepNow, times.every).unref()
  }, times.first).unref()
  return {
    close() {
      clearTimeout(timer)
      return running
    },
  }
}

/** Fails pictures that nobody sends any more, and removes blobs that no record refers to (F1). */
export async function sweep(
  { engine, boards, arrivals, variants, intake, notify }: Omit<Parts, 'log'>,
  times: Times,
): Promise<void> {
  const start = Date.now()
  const begun = arrivals.list()
  const wanted = new Set<string>()
  const arriving = new Set<string>()
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
      } else arriving.add(`${board} ${record.id}`)
      if (record.blob === null && record.createdAt < start - times.patience) stale.push(record.id)
      hasTrash ||= record.deletedAt !== null
      // A full board has 20,000 records, and others wait for this thread.
      if (++looked % SLICE === 0) await setImmediate()
    }
    variants.review(board, records)
    // What it holds is wanted until the next sweep.
    if (hasTrash) await boards.with(board, (live) => purgeExpired(engine, live))
    for (const id of stale) {
      const arrival = arrivals.get(board, id)
      if (arrival && (await arrival.touchedAt()) > start - times.patience) continue
      await boards.with(board, async (live) => {
        const record = live.records.get(id)
        if (!isArriving(record)) return
        await intake.fail(live, id)
        notify(board, record.author, new WireError('upload-gone'))
      })
      if (arrival) await arrivals.remove(arrival)
    }
  }
  for (const arrival of begun) {
    const { board, id } = arrival.of!
    if (!arriving.has(`${board} ${id}`)) await arrivals.remove(arrival)
  }
  for (const { board, id } of arrivals.previewed())
    if (!arriving.has(`${board} ${id}`)) await arrivals.dropPreview(board, id)
  for await (const blob of engine.blobs.list())
    if (!wanted.has(blob))
      await engine.blobs.remove(blob, { unlessTouchedSince: start - times.lease })
}
