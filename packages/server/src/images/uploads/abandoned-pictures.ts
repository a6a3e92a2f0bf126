import type { Boards } from '../../boards/boards.ts'
import type { LiveBoard } from '../../boards/live-board.ts'
import type { IncomingFiles } from './incoming-files.ts'
import type { Intake } from './intake.ts'
import { isArriving } from './progress.ts'

/** Time for which the sender must be gone, and no byte come. */
export const ABANDONED_AFTER_MS = 60_000
/** Time between two looks at a board that is full. */
const LOOK_INTERVAL_MS = 5_000
/** Pictures that go at one look: each is a command. */
const REMOVED_PER_LOOK_COUNT = 500

interface Options {
  readonly incomingFiles: Pick<IncomingFiles, 'findAnnounced'>
  readonly intake: Pick<Intake, 'fail'>
  /** Returns whether a visitor has a page of the board open. */
  readonly isHere: (board: string, visitor: string) => boolean
  /** Milliseconds by a monotonic clock. For tests. */
  readonly now?: () => number
}

/** The arriving pictures of one board whose senders are gone. */
interface Look {
  at: number
  /** When each was first seen without its sender, by the picture's id. */
  readonly goneSince: Map<string, number>
}

/**
 * Makes room on boards that are full of arriving pictures: those whose sender has gone go sooner there than in
 * a day (R20).
 */
export class AbandonedPictures {
  readonly #options: Options
  readonly #now: () => number
  readonly #looks = new WeakMap<LiveBoard, Look>()

  constructor(options: Options) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** Makes room on every board that is opened later. Returns a function that ends this. */
  watch(boards: Boards): () => void {
    return boards.onOpen((board) => {
      board.onCrowded = () => {
        this.makeRoom(board).catch(() => {
          // The next picture that is turned away tries again.
        })
      }
    })
  }

  /** Fails the pictures of a full board that nobody sends any more. Resolves to their number. */
  async makeRoom(board: LiveBoard): Promise<number> {
    const now = this.#now()
    const look = this.#looks.get(board) ?? { at: Number.NEGATIVE_INFINITY, goneSince: new Map() }
    if (now - look.at < LOOK_INTERVAL_MS) return 0
    look.at = now
    this.#looks.set(board, look)
    const abandoned: string[] = []
    const gone = new Set<string>()
    for (const record of board.records.values()) {
      if (!isArriving(record) || this.#isSent(board, record.id, record.author)) continue
      gone.add(record.id)
      const since = look.goneSince.get(record.id) ?? now
      look.goneSince.set(record.id, since)
      if (now - since >= ABANDONED_AFTER_MS) abandoned.push(record.id)
    }
    for (const id of look.goneSince.keys()) if (!gone.has(id)) look.goneSince.delete(id)
    const removed = abandoned.slice(0, REMOVED_PER_LOOK_COUNT)
    for (const id of removed) await this.#options.intake.fail(board, id)
    return removed.length
  }

  /** Whether somebody may still send a picture: its sender is here, or its bytes come. */
  #isSent(board: LiveBoard, id: string, author: string): boolean {
    const { incomingFiles, isHere } = this.#options
    const incomingFile = incomingFiles.findAnnounced(board.id, id)
    return isHere(board.id, author) || (incomingFile?.idleMs ?? Infinity) < ABANDONED_AFTER_MS
  }
}
