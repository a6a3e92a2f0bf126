import type { Engine } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import type { Bounds } from '../bounds.ts'
import { failpoint } from '../failpoint.ts'
import type { Metrics } from '../metrics.ts'
import type { BlobUses } from './blob-uses.ts'
import { withVariants } from './ended-blob-remover.ts'

/** So few are no sign of a lost database: a server that is killed may leave some. */
const UNSUSPICIOUS_COUNT = 10
const NOTES_COUNT = 90_000

/** The outcome of the last sweep. A sweep that has `stopped` has touched no blob (C8). */
export type SweepState =
  | { readonly kind: 'fine' }
  | {
      readonly kind: 'stopped'
      readonly unexplainedCount: number
      readonly blobCount: number
      /** The sentence for the operator, with what to do. */
      readonly sentence: string
    }

/** Times in milliseconds since 1970. */
interface SweepTimes {
  readonly unlessTouchedSince: number
  /** Null while the clock can't be trusted. */
  readonly unlessAsideSince: number | null
}

interface Options {
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
  state: SweepState = { kind: 'fine' }

  constructor(engine: Engine, uses: BlobUses, options: Options) {
    this.#engine = engine
    this.#uses = uses
    this.#options = options
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
    const { metrics, log } = this.#options
    using used = this.#uses.watch()
    const named = await readNamed()
    const { unexplained, blobCount } = await this.#find(named, unlessTouchedSince)
    const candidates = unexplained.filter((blob) => !used.has(blob))
    this.state = this.#stateFor(candidates.length, blobCount)
    const { state } = this
    metrics.blobsUnexplained.set(state.kind === 'stopped' ? state.unexplainedCount : 0)
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
    const percent = this.#options.bounds['unexplained-percent']
    // New pictures make no lost ones less suspicious.
    const share = this.state.kind === 'stopped' ? 0 : (blobCount * percent) / 100
    if (unexplainedCount <= Math.max(UNSUSPICIOUS_COUNT, share)) return { kind: 'fine' }
    const sentence = `No picture on any board names ${unexplainedCount} of the ${blobCount} stored files. None was moved or removed. Was the database lost, or an older one put back? Then put the newest one in its place. If this one is right, restart once with --bound unexplained-percent=100.`
    return { kind: 'stopped', unexplainedCount, blobCount, sentence }
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
