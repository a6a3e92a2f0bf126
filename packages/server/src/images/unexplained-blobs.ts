import type { Engine } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import type { Bounds } from '../bounds.ts'
import { failpoint } from '../failpoint.ts'
import type { Metrics } from '../metrics.ts'
import type { BlobUses } from './blob-uses.ts'
import { withVariants } from './ended-blob-remover.ts'
import type { LastSweep, SweepState } from './last-sweep.ts'
import { isSuspicious } from './lost-database.ts'

/** All notes of ended blobs that an engine lists at once. */
export const NOTES_COUNT = 90_000

/** Times in milliseconds since 1970. */
interface SweepTimes {
  readonly unlessTouchedSince: number
  /** Null while the clock can't be trusted. */
  readonly unlessAsideSince: number | null
}

interface Options {
  readonly lastSweep: LastSweep
  readonly bounds: Pick<Bounds, 'unexplained-percent'>
  readonly metrics: Pick<Metrics, 'blobsAside' | 'blobsUnexplained'>
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>
}

/**
 * Sets blobs aside that no record names and that nobody has ended (C6). They come from a crash, or their
 * records were lost with a database that may come back.
 */
export class UnexplainedBlobs {
  readonly #engine: Engine
  readonly #uses: BlobUses
  readonly #options: Options
  constructor(engine: Engine, uses: BlobUses, options: Options) {
    this.#engine = engine
    this.#uses = uses
    this.#options = options
    this.#report(options.lastSweep.state)
  }

  /**
   * Sets aside what is unexplained, puts back what records name again, and removes what was aside for long.
   *
   * @param readNamed Reads the blobs that records need. Blobs that are stored meanwhile have a new lease.
   */
  async sweep(
    readNamed: () => Promise<ReadonlySet<string>>,
    { unlessTouchedSince, unlessAsideSince }: SweepTimes,
  ): Promise<void> {
    const { metrics, log, lastSweep } = this.#options
    using used = this.#uses.watch()
    const named = await readNamed()
    const { unexplained, blobCount } = await this.#find(named, unlessTouchedSince)
    const candidates = unexplained.filter((blob) => !used.has(blob))
    const state = this.#stateFor(candidates.length, blobCount)
    await lastSweep.note(state)
    this.#report(state)
    await this.#putBack(named)
    if (state.kind === 'stopped') {
      const { unexplainedCount } = state
      log.error({ unexplained: unexplainedCount, blobs: blobCount }, state.sentence)
      metrics.blobsAside.set(await this.#count())
      return
    }
    if ((await this.#engine.health()).length > 0) return
    let [count, bytes] = [0, 0]
    for (const blob of candidates) {
      const moved = used.has(blob)
        ? null
        : await this.#engine.blobs.setAside(blob, { unlessTouchedSince })
      if (moved === null) continue
      count++
      bytes += moved
      failpoint('blob.set-aside')
    }
    if (count > 0)
      log.warn(
        { blobs: count, bytes },
        'Files that no picture names were set aside for seven days.',
      )
    if (unlessAsideSince !== null) await this.#removeOld(unlessAsideSince)
    metrics.blobsAside.set(await this.#count())
  }

  #report(state: SweepState): void {
    const count = state.kind === 'stopped' ? state.unexplainedCount : 0
    this.#options.metrics.blobsUnexplained.set(count)
  }

  async #find(named: ReadonlySet<string>, unlessTouchedSince: number) {
    const { blobs, endedBlobs } = this.#engine
    const ended = new Set<string>()
    for (const { sha256 } of await endedBlobs.list(NOTES_COUNT))
      for (const name of withVariants(sha256)) ended.add(name)
    const unexplained: string[] = []
    let blobCount = 0
    for await (const blob of blobs.list()) {
      blobCount++
      if (named.has(blob) || ended.has(blob)) continue
      const touchedAt = await blobs.touchedAt(blob)
      if (touchedAt !== null && touchedAt < unlessTouchedSince) unexplained.push(blob)
    }
    return { unexplained, blobCount }
  }

  #stateFor(unexplainedCount: number, blobCount: number): SweepState {
    const { bounds, lastSweep } = this.#options
    const percent = bounds['unexplained-percent']
    const allowed = lastSweep.isDoubted(percent) ? 0 : percent
    if (!isSuspicious(unexplainedCount, blobCount, allowed)) return { kind: 'fine' }
    const sentence = `No picture on any board names ${unexplainedCount} of the ${blobCount} stored files. None was moved or removed. Was the database lost, or an older one put back? Then put the newest one in its place. If this one is right, restart once with --bound unexplained-percent=100.`
    return { kind: 'stopped', unexplainedCount, blobCount, percent, sentence }
  }

  async #putBack(named: ReadonlySet<string>): Promise<void> {
    const { blobs } = this.#engine
    let count = 0
    for await (const { sha256 } of blobs.listAside())
      if (named.has(sha256) && (await blobs.renew(sha256))) count++
    if (count > 0)
      this.#options.log.warn(
        { blobs: count },
        'Pictures name files again that lay aside: they are back.',
      )
  }

  async #removeOld(unlessAsideSince: number): Promise<void> {
    const { blobs } = this.#engine
    let count = 0
    for await (const { sha256, since } of blobs.listAside())
      if (since < unlessAsideSince && (await blobs.removeAside(sha256, { unlessAsideSince })))
        count++
    if (count > 0)
      this.#options.log.warn({ blobs: count }, 'Files that lay aside for seven days were removed.')
  }

  async #count(): Promise<number> {
    let count = 0
    for await (const _ of this.#engine.blobs.listAside()) count++
    return count
  }
}
