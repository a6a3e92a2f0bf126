import { type AnyRecord, type ImageRecord, type PictureFile, settings } from '@wirephoto/board'
import type { Engine, HistoryEntry } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import type { Boards } from '../boards/boards.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import { inBackground } from '../in-background.ts'
import type { TrustedClock } from '../trusted-clock.ts'

/** Entries of one picture that are kept. A file with a source takes two. */
const KEPT_ENTRIES_COUNT = 10
/** Entries of one board that are read at a time. */
const LISTED_ENTRIES_COUNT = 1_000
const DAY_MS = 24 * 3_600_000

/** A file that a picture had, as its entry tells of it. */
type EarlierFile = Omit<PictureFile, 'blob'>

/**
 * The files that pictures had before others took their place. Each is an entry of the board's history, which keeps its
 * blob. It lasts for the days of the trash, and no longer than the picture.
 */
export class ReplacedFiles {
  readonly #engine: Engine
  readonly #clock: TrustedClock

  constructor(engine: Engine, clock: TrustedClock) {
    this.#engine = engine
    this.#clock = clock
  }

  /** Forgets the files of each picture that goes for good, on every board that is opened. */
  follow(boards: Boards, log: Pick<FastifyBaseLogger, 'error' | 'warn'>): void {
    boards.onOpen((board) => {
      // A board of many pictures has few of them.
      const replaced = new Set<string>()
      const note = (record: AnyRecord) => {
        if (record.kind === 'image' && record.replacedAt !== null) replaced.add(record.id)
      }
      for (const record of board.records.values()) note(record)
      board.listen((batch) => {
        if (!batch) for (const record of board.records.values()) note(record)
        for (const change of batch?.changes ?? [])
          if ('put' in change) note(change.put)
          else if (replaced.delete(change.gone))
            inBackground(this.forget(board.id, [change.gone]), log)
      })
    })
  }

  /** Keeps the file of a picture, durably. Call it before another one takes its place. */
  async keep(board: string, image: ImageRecord): Promise<void> {
    const { id: subject, blob, type, bytes, width, height, thumbhash } = image
    if (blob === null || type === null || bytes === null) return
    const { animated, original, source, variants } = image
    const size = { width, height }
    const file: EarlierFile = {
      type,
      bytes,
      ...size,
      thumbhash,
      animated,
      original,
      source,
      variants,
    }
    const entry = { at: this.#clock.now(), kind: 'replaced', subject } as const
    const entries: HistoryEntry[] = [{ ...entry, data: JSON.stringify(file), blob }]
    // It has no facts of its own, and keeps the blob.
    if (original) entries.unshift({ ...entry, data: '', blob: original.blob })
    const { history } = this.#engine
    await history.append(board, entries)
    await history.prune(board, { kind: 'replaced', subject, keep: KEPT_ENTRIES_COUNT })
  }

  /** Finds the latest file that a picture had and that isn't its present one. Null if it is kept no longer. */
  async earlier(board: string, { id: subject, blob }: ImageRecord): Promise<PictureFile | null> {
    const query = { kind: 'replaced', subject, limit: KEPT_ENTRIES_COUNT } as const
    const entries = await this.#engine.history.list(board, query)
    const found = entries.find((entry) => entry.data !== '' && entry.blob !== blob)
    if (!found?.blob) return null
    const file: PictureFile = { ...(JSON.parse(found.data) as EarlierFile), blob: found.blob }
    const { blobs } = this.#engine
    const isThere = (name: string) => blobs.renew(name)
    if (!(await isThere(file.blob))) return null
    if (file.original && !(await isThere(file.original.blob))) return null
    return file
  }

  /** Forgets the files of pictures that are gone. */
  async forget(board: string, ids: Iterable<string>): Promise<void> {
    const all = { kind: 'replaced', before: Number.MAX_SAFE_INTEGER } as const
    for (const subject of ids) await this.#engine.history.prune(board, { ...all, subject })
  }

  /** Forgets the files of a board that are too old, and those of pictures that a crash has left behind. */
  async prune(board: string, records: LiveBoard['records']): Promise<void> {
    const { history } = this.#engine
    const before = this.#clock.expiredBefore(settings(records).trashDays * DAY_MS)
    if (before !== null) await history.prune(board, { kind: 'replaced', before })
    const query = { kind: 'replaced', limit: LISTED_ENTRIES_COUNT } as const
    const subjects = new Set((await history.list(board, query)).map(({ subject }) => subject))
    await this.forget(
      board,
      [...subjects].filter((id) => !records.has(id)),
    )
  }
}
