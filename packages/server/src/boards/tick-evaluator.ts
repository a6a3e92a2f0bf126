import { setImmediate } from 'node:timers/promises'
import {
  type Actor,
  type AnyRecord,
  applyOnServer,
  type Change,
  type Command,
  type CommandAnswer,
  type CommandMessage,
  type Draft,
  idOf,
  type Refusal,
  seqOf,
  serverLimits,
  timeOf,
  WireError,
} from '@wirephoto/board'
import type { ClientState } from '@wirephoto/engine'
import type { Bounds } from '../bounds.ts'
import type { TrustedClock } from '../trusted-clock.ts'
import type { BoardState } from './board-state.ts'
import { BoardTally, growthOf } from './board-tally.ts'
import type { PictureQuota } from './picture-quota.ts'
import type { GiveBack } from './picture-rates.ts'
import { fileBytesOf } from './picture-tally.ts'
import type { Sender } from './sender.ts'

/** Time spent on commands before everything else on this thread has a turn. */
const COMMANDS_SLICE_MS = 3
const SECOND_MS = 1_000
/** A full board goes this part of its bound beyond it, by pictures that are marked to be purged. */
const MARKED_SHARE_FACTOR = 10
/** Commands that are no acts of a person (`image.erase` is one: it ends what somebody did), or too many to tell. */
const UNTOLD_KINDS: ReadonlySet<Command['kind']> = new Set([
  'image.patch',
  'image.settle',
  'image.vary',
  'image.fail',
  'image.release',
  'image.endSlot',
])
/** Commands that put another picture on the board. */
const PICTURE_KINDS: ReadonlySet<Command['kind']> = new Set([
  'image.add',
  'image.copy',
  'image.admit',
])
/** The client whose number is the time before which queues may be forgotten: no queue has this id. */
export const FORGOTTEN_BEFORE = '00000000-0000-0000-0000-000000000000'
/** The time by which a queue's id may be ahead of this clock: servers agree within minutes. */
export const QUEUE_AHEAD_MS = 600_000

/** A message that waits for its tick. */
export interface SentCommands {
  readonly message: CommandMessage
  readonly sender: Sender
}

/** A command that a visitor gave and that took effect. Patches of pictures are left out: moves are many. */
export interface BoardAct {
  readonly command: Command
  readonly sender: Sender
  /** Milliseconds since 1970. */
  readonly at: number
}

/** The result of a tick, if its append holds. */
export interface Outcome {
  readonly draft: Draft
  /** The number of its batch. */
  readonly seq: number
  readonly tally: BoardTally
  readonly clients: Map<string, ClientState>
  readonly answers: (CommandAnswer | WireError)[]
  /** The blobs of pictures that are gone for good (C2). */
  readonly ended: Set<string>
  readonly acts: BoardAct[]
  /** Give back what the pictures have taken of their minutes, if the append doesn't hold. */
  readonly charges: GiveBack[]
}

interface Options {
  readonly clock: TrustedClock
  readonly bounds: Bounds
  readonly quota: PictureQuota
  /** This server's own command queue. */
  readonly ownClient: string
  /** Whether clients send it only some of their messages, so that numbers are missing between them. */
  readonly takesParts: boolean
  /** Called when a picture is turned away, since as many arrive as may. */
  readonly onCrowded: () => void
  /** Called when a picture is turned away, since the board remembers as many as it may. */
  readonly onOverfull: () => void
}

/** Evaluates the messages of a tick by the board's rules and bounds. Nothing of the board changes. */
export class TickEvaluator {
  readonly #state: BoardState
  readonly #options: Options
  #sliceStartedAt = 0

  constructor(state: BoardState, options: Options) {
    this.#state = state
    this.#options = options
  }

  /** Evaluates messages on a draft over the board, in their order. */
  async evaluate(waiting: readonly SentCommands[]): Promise<Outcome> {
    const { records, cursor, tally } = this.#state
    const outcome: Outcome = {
      draft: records.draft(),
      seq: seqOf(cursor) + 1,
      tally: new BoardTally(tally),
      clients: new Map(),
      answers: [],
      ended: new Set(),
      acts: [],
      charges: [],
    }
    this.#sliceStartedAt = performance.now()
    for (const { message, sender } of waiting)
      outcome.answers.push(await this.#answer(message, sender, outcome))
    return outcome
  }

  /** Applies a message to the draft. Commands that were settled before are answered as they were (F3). */
  async #answer(
    message: CommandMessage,
    sender: Sender,
    outcome: Outcome,
  ): Promise<CommandAnswer | WireError> {
    const { clients } = outcome
    const { client, n, commands } = message
    const { clock, bounds } = this.#options
    const purgeGraceMs = bounds['purge-grace'] * SECOND_MS
    const link = sender.quota?.link
    const who = { ...sender, now: clock.now(), purgeGraceMs, link }
    const known = clients.get(client) ?? this.#state.clients.get(client)
    if (!known && client !== this.#options.ownClient && !this.#isCurrent(client))
      return new WireError('stale-client')
    const { takesParts } = this.#options
    const settled = takesParts ? Math.max(known?.n ?? 0, n - 1) : (known?.n ?? 0)
    if (n > settled + 1) return new WireError('gap', { expected: settled + 1 })

    const refused: Refusal[] = known?.refused.filter((refusal) => refusal.n >= n) ?? []
    let seq = known?.seq ?? 0
    let last = settled
    for (const [i, command] of commands.entries()) {
      if (n + i <= settled) continue
      if (performance.now() - this.#sliceStartedAt > COMMANDS_SLICE_MS) {
        // Only ticks change the board, so it is the same after the pause.
        await setImmediate()
        this.#sliceStartedAt = performance.now()
      }
      const result = this.#apply(command, who, outcome)
      // The queue waits with this picture and what follows, until others have arrived.
      if (isTooMany(result) && client !== this.#options.ownClient) {
        if (last < n) return result
        break
      }
      last = n + i
      if (result instanceof WireError) refused.push({ n: last, error: result.toJSON() })
      else if (result) seq = outcome.seq
    }
    if (last > settled) clients.set(client, { n: last, seq, refused })
    return { n: last, seq, refused }
  }

  /** Applies a command to the draft, within the board's bounds. Returns whether it changed anything, or its refusal. */
  #apply(
    command: Command,
    who: Actor & Sender,
    { draft, tally, ended, acts, charges }: Outcome,
  ): boolean | WireError {
    const changes = applyOnServer(draft, command, who)
    if (changes instanceof WireError) return changes
    const refusal =
      this.#overBounds(command, changes, who, { draft, tally }) ??
      this.#overQuota(command, changes, who, { tally, charges })
    if (refusal) return refusal
    for (const change of changes) {
      const before = draft.get(idOf(change))
      if ('gone' in change || isOtherFile(before, change.put)) addBlobs(ended, before)
      tally.count(draft.get(idOf(change)), 'put' in change ? change.put : undefined, who)
      draft.add([change])
    }
    if (changes.length > 0 && !UNTOLD_KINDS.has(command.kind))
      acts.push({ command, sender: who, at: who.now })
    return changes.length > 0
  }

  /** Returns why changes would take too much of the board. A change that makes a record smaller never does. */
  #overBounds(
    command: Command,
    changes: readonly Change[],
    sender: Sender,
    { draft, tally }: Pick<Outcome, 'draft' | 'tally'>,
  ): WireError | null {
    const bounds = this.#options.bounds
    const isServer = sender.role === 'server'
    // The server adds the pictures that come whole; what else it does must go on.
    if (isServer && command.kind !== 'image.add' && command.kind !== 'image.admit') return null
    let growth = 0
    for (const change of changes)
      growth += growthOf(draft.get(idOf(change)), 'put' in change ? change.put : undefined)
    // Marked pictures are about to go, so emptying the trash makes room at once (Y80).
    const marked = Math.min(tally.markedBytes, bounds['board-bytes'] / MARKED_SHARE_FACTOR)
    if (growth > 0 && tally.bytes - marked + growth > bounds['board-bytes'])
      return new WireError('board-full')
    if (
      command.kind === 'image.add' &&
      this.#state.tombstoneCount >= bounds['tombstones-per-board']
    ) {
      this.#options.onOverfull()
      return new WireError('too-many')
    }
    if (isServer || command.kind !== 'image.add') return null
    const arriving = {
      board: bounds['arriving-per-board'],
      visitor: bounds['arriving-per-visitor'],
      address: bounds['arriving-per-address'],
    }
    if (!tally.isFull(sender, arriving)) return null
    if (tally.arrivingCount >= arriving.board) this.#options.onCrowded()
    return new WireError('too-many')
  }

  /** Returns why there is no room for another picture, or for the file of one. */
  #overQuota(
    command: Command,
    changes: readonly Change[],
    sender: Sender,
    { tally: { pictures: tally }, charges }: Pick<Outcome, 'tally' | 'charges'>,
  ): WireError | null {
    const { quota } = this.#options
    const [change] = changes
    if (!change || 'gone' in change || change.put.kind !== 'image') return null
    if (command.kind === 'image.settle' || command.kind === 'image.replace')
      return quota.refusalToStore(change.put.link, tally)
    if (!PICTURE_KINDS.has(command.kind)) return null
    const isServer = sender.role === 'server'
    const wanted = { pictures: 1, bytes: fileBytesOf(change.put) }
    // A picture that comes whole is among the promised itself, and was charged when it began.
    const promised = isServer ? [] : quota.promised('without record')
    const refusal = quota.refusalOf(sender, wanted, tally, promised)
    if (refusal || isServer) return refusal
    try {
      // The bytes of a copy don't come.
      const giveBack = quota.charge(sender, { pictures: 1, bytes: 0 })
      if (giveBack) charges.push(giveBack)
      return null
    } catch (error) {
      if (error instanceof WireError) return error
      throw error
    }
  }

  /**
   * Whether a queue that isn't remembered is a new one. Queues may be forgotten that are older than 30 days, or than
   * what an overfull board has forgotten (Y41). One whose id is ahead of the clock would outlive that.
   */
  #isCurrent(client: string): boolean {
    const usual = this.#options.clock.mayHaveExpiredBefore(serverLimits.tombstoneRetentionMs)
    const forgotten = Math.max(usual, this.#state.clients.get(FORGOTTEN_BEFORE)?.n ?? 0)
    const time = timeOf(client)
    return time >= forgotten && time <= this.#options.clock.now() + QUEUE_AHEAD_MS
  }
}

/** Whether a picture has another file than before. */
const isOtherFile = (before: AnyRecord | undefined, after: AnyRecord): boolean =>
  before?.kind === 'image' && after.kind === 'image' && before.blob !== after.blob

function addBlobs(blobs: Set<string>, record: AnyRecord | undefined): void {
  if (record?.kind !== 'image' || record.blob === null) return
  blobs.add(record.blob)
  if (record.original) blobs.add(record.original.blob)
}

/** Whether the same may succeed a little later. */
const isTooMany = (result: unknown): result is WireError =>
  result instanceof WireError && result.status === 429
