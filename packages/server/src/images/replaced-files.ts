import {
  type AnyRecord,
  type ImageRecord,
  isHeldLog,
  type MediaType,
  type PictureFile,
  settings,
} from '@wirephoto/board'
import type { Engine, HistoryEntry } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import type { Boards } from '../boards/boards.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Sender } from '../boards/sender.ts'
import type { Bounds } from '../bounds.ts'
import { inBackground } from '../in-background.ts'
import type { TrustedClock } from '../trusted-clock.ts'
import type { StoredFile } from './uploads/picture-store.ts'

/** Entries of one picture that are kept. A file with a source takes two. */
const KEPT_ENTRIES_COUNT = 10
/** Entries of one board that are read at a time. */
const LISTED_ENTRIES_COUNT = 1_000
/** The entries of a picture: files that others took the place of, and stored frames of a live slot. */
const KINDS = ['replaced', 'frame'] as const
const DAY_MS = 24 * 3_600_000

/** A stored frame of a live slot. */
export interface StoredFrame {
  readonly blob: string
  readonly type: MediaType
  readonly bytes: number
  readonly width: number
  readonly height: number
  /** When it was stored, in milliseconds since 1970. */
  readonly at: number
}

/** A file that a picture had, as its entry tells of it. */
type EarlierFile = Omit<PictureFile, 'blob'>

/** A frame that a live slot had, likewise. */
interface EarlierFrame extends EarlierFile {
  /** When it was stored, in milliseconds since 1970; absent in entries of 0.1. */
  readonly storedAt?: number
}

/**
 * The files that pictures had before others took their place. Each is an entry of the board's history, which keeps its
 * blob. It lasts for the days of the trash, and no longer than the picture.
 */
export class ReplacedFiles {
  readonly #engine: Engine
  readonly #clock: TrustedClock

  readonly #framesPerSlot: number

  constructor(engine: Engine, clock: TrustedClock, bounds: Bounds) {
    this.#engine = engine
    this.#clock = clock
    this.#framesPerSlot = bounds['frames-per-slot']
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

  /** Gives a picture another file, and keeps the one that goes. Nobody's right is asked. */
  async replace(
    board: LiveBoard,
    image: ImageRecord,
    { settle, vary }: Pick<StoredFile, 'settle' | 'vary'>,
    sender: Sender,
  ): Promise<void> {
    // A picture that waits has no history.
    if (!isHeldLog(board.id)) await this.keep(board.id, image)
    const { kind: _, id: _id, slot: _slot, original = null, source = null, ...facts } = settle
    const file: PictureFile = { ...facts, original, source, variants: null }
    const replace = { kind: 'image.replace', id: image.id, expected: image.blob, file } as const
    await board.act(vary ? [replace, vary] : [replace], { ...sender, role: 'server' })
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
    const kind = image.slot === null ? 'replaced' : 'frame'
    const keep = image.slot === null ? KEPT_ENTRIES_COUNT : this.#framesPerSlot
    const entry = { at: this.#clock.now(), kind, subject } as const
    const storedAt = image.replacedAt ?? image.storedAt
    const data = JSON.stringify(kind === 'frame' ? { ...file, storedAt } : file)
    const entries: HistoryEntry[] = [{ ...entry, data, blob }]
    // It has no facts of its own, and keeps the blob.
    if (original) entries.unshift({ ...entry, data: '', blob: original.blob })
    const { history } = this.#engine
    await history.append(board, entries)
    await history.prune(board, { kind, subject, keep })
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

  /** Lists the frames that a live slot had before its present one, the oldest first. */
  async frames(board: string, subject: string): Promise<StoredFrame[]> {
    const query = { kind: 'frame', subject, limit: this.#framesPerSlot } as const
    const entries = await this.#engine.history.list(board, query)
    return entries.toReversed().flatMap(({ data, blob, at }) => {
      // A file that was sent, and that another one stands for, has no facts of its own.
      if (data === '' || blob === null) return []
      const { type, bytes, width, height, storedAt = at } = JSON.parse(data) as EarlierFrame
      return [{ blob, type, bytes, width, height, at: storedAt }]
    })
  }

  /** Forgets the files of pictures that are gone. */
  async forget(board: string, ids: Iterable<string>): Promise<void> {
    const before = Number.MAX_SAFE_INTEGER
    for (const subject of ids)
      for (const kind of KINDS) await this.#engine.history.prune(board, { kind, before, subject })
  }

  /** Forgets the files of a board that are too old, and those of pictures that a crash has left behind. */
  async prune(board: string, records: LiveBoard['records']): Promise<void> {
    const { history } = this.#engine
    const before = this.#clock.expiredBefore(settings(records).trashDays * DAY_MS)
    const subjects = new Set<string>()
    for (const kind of KINDS) {
      if (before !== null) await history.prune(board, { kind, before })
      const listed = await history.list(board, { kind, limit: LISTED_ENTRIES_COUNT })
      for (const { subject } of listed) subjects.add(subject)
    }
    await this.forget(
      board,
      [...subjects].filter((id) => !records.has(id)),
    )
  }
}
