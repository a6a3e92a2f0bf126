import { statfs, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WireError } from '@wirephoto/board'
import { type Engine, isDiskFull } from '@wirephoto/engine'
import { DEFAULT_BOARD_ID } from './boards/boards.ts'
import { inTime } from './boards/engine-watch.ts'
import type { Bus, BusState } from './bus/bus.ts'
import type { SweepState } from './images/last-sweep.ts'
import type { TrustedClock } from './trusted-clock.ts'

/** Time for the database's answer: those who ask wait only for seconds. */
const ANSWER_TIMEOUT_MS = 2_000
/** The age up to which an answer is given again, so that those who ask cause no storm of writes. */
const CACHE_MS = 1_000
/** Written and removed again, to see whether the folder takes a file. */
const PROBE = Buffer.alloc(4_096, 'probe')
/** Room below this takes no picture, and soon no change. */
const MIN_FREE_BYTES = 1_048_576

/** One reason why this server isn't as it should be, for the operator. */
export interface Reason {
  readonly code: string
  /** Sentences that say what happened, then what to do. */
  readonly message: string
  /** Whether nothing can be saved meanwhile. */
  readonly stopsSaving: boolean
}

interface Options {
  readonly engine: Engine
  readonly clock: TrustedClock
  /** The folder for files that are being sent. */
  readonly data: string
  readonly sweep: () => SweepState
  readonly bus: Pick<Bus, 'state'>
  /** The ways to and from other servers; null without `--node-url`. */
  readonly direct: DirectState | null
}

/** Whether servers reach each other directly. */
interface DirectState {
  /** Whether all places are taken, so that others don't find this one. */
  readonly isFull: boolean
  /** Asks the others that live. Resolves to the addresses of those that don't answer, or aren't of this engine. */
  unreached(): Promise<readonly string[]>
}

/** Things that a bus carries to other servers. */
const CARRIED = [
  'people',
  'progress',
  'seen-by',
  'frames',
  'newest-frames',
  'shows',
  'notices',
  'picture-rates',
  'wrong-tries',
] as const
/** Things for which servers ask each other directly. */
const ASKED = [
  'growing-files',
  'large-previews',
  'uploads',
  'downloads',
  'idempotency-keys',
] as const
/** Things in the memory or the folder of each server. */
const OWN = ['rates'] as const

/** Something that doesn't cross to other servers. `docs/engines.md` says what each is. */
type Stays = (typeof CARRIED | typeof ASKED | typeof OWN)[number]

/** Finds out whether this server can save what it is sent. */
export class Readiness {
  readonly #options: Options
  #last: { readonly at: number; readonly reasons: Promise<readonly Reason[]> } | null = null

  constructor(options: Options) {
    this.#options = options
  }

  /** The carrier of messages to other servers. */
  get busKind(): BusState['kind'] {
    return this.#options.bus.state.kind
  }

  /** The things that don't cross to other servers of the engine. */
  get stays(): Stays[] {
    const { engine, bus, direct } = this.#options
    if (!engine.isShared) return []
    const isAlone = bus.state.kind === 'none'
    return [...(isAlone ? CARRIED : []), ...(direct ? [] : ASKED), ...OWN]
  }

  /** Lists what is wrong, as of the last second. */
  reasons(): Promise<readonly Reason[]> {
    const at = performance.now()
    if (!this.#last || at - this.#last.at > CACHE_MS) this.#last = { at, reasons: this.#examine() }
    return this.#last.reasons
  }

  async #examine(): Promise<readonly Reason[]> {
    const [database, folder, servers] = await Promise.all([
      this.#examineDatabase(),
      this.#examineFolder(),
      this.#examineServers(),
    ])
    const problem = this.#options.clock.problem()
    const clock = problem ? [{ code: 'clock', message: problem, stopsSaving: false }] : []
    const state = this.#options.sweep()
    const sweep =
      state.kind === 'stopped'
        ? [{ code: 'sweep-stopped', message: state.sentence, stopsSaving: false }]
        : []
    const away = this.#options.bus.state.problem
    const bus = away ? [{ code: 'bus-away', message: away, stopsSaving: false }] : []
    return [...database, ...folder, ...clock, ...sweep, ...bus, ...servers]
  }

  async #examineDatabase(): Promise<Reason[]> {
    const { engine } = this.#options
    try {
      const faults = await inTime(engine.health(), ANSWER_TIMEOUT_MS)
      const reasons = faults.map(({ code, message, stops }) => {
        return { code, message, stopsSaving: stops === 'saving' }
      })
      if (reasons.some(({ stopsSaving }) => stopsSaving)) return reasons
      const isThere = await inTime(engine.boards.has(DEFAULT_BOARD_ID), ANSWER_TIMEOUT_MS)
      return isThere ? reasons : [...reasons, AWAY]
    } catch (error) {
      return [error instanceof WireError && error.code === 'stopping' ? STOPPING : AWAY]
    }
  }

  /** Looks for servers that aren't reached directly. Where links carry the bus, `bus-away` names them. */
  async #examineServers(): Promise<Reason[]> {
    const { direct, bus } = this.#options
    if (!direct) return []
    if (direct.isFull) return [NO_PLACE]
    const unreached = bus.state.kind === 'links' ? [] : await direct.unreached()
    if (unreached.length === 0) return []
    const message = `The server ${unreached.join(', ')} isn't reached from here, so its uploads and growing files stay there; see whether it runs, and its --node-url.`
    return [{ code: 'server-away', message, stopsSaving: false }]
  }

  async #examineFolder(): Promise<Reason[]> {
    const { data } = this.#options
    // One name, so that a server that is killed leaves at most one.
    const path = join(data, 'probe')
    const full = {
      code: 'disk-full',
      message: `The disk of ${data} is full. Make room there.`,
      stopsSaving: true,
    }
    try {
      const { bavail, bsize } = await statfs(data)
      if (bavail * bsize < MIN_FREE_BYTES) return [full]
      await writeFile(path, PROBE)
      return []
    } catch (error) {
      if (isDiskFull(error)) return [full]
      const message = `The folder ${data} is gone or can't be written to. Put it back or change its rights, and start the server again.`
      return [{ code: 'folder-unwritable', message, stopsSaving: true }]
    } finally {
      await unlink(path).catch(() => {
        // The folder takes no file, which is the answer.
      })
    }
  }
}

const AWAY: Reason = {
  code: 'away',
  message: "The database doesn't answer. See what it says, and whether it is reached from here.",
  stopsSaving: true,
}

const NO_PLACE: Reason = {
  code: 'no-place',
  message:
    'The engine has 64 servers already, so others find no --node-url of this one. Stop some of them, or leave its uploads to sticky sessions.',
  stopsSaving: false,
}

const STOPPING: Reason = {
  code: 'stopping',
  message: 'This server is stopping.',
  stopsSaving: true,
}
