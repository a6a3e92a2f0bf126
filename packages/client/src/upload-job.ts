import type { ImageAdd } from '@wirephoto/board'
import { StateMachine, type StateTable } from './state-machine.ts'

/*
 * The states of one upload.
 *
 *              started             finished
 *   waiting ────────────► running ──────────► sent
 *    ▲  ▲                  │   │
 *    │  └──── requeued ────┘   │ paused
 *    │                         ▼
 *    ├───── requeued ─────── paused
 *    │
 *    └───── retried ──────── failed
 *
 *   requeued: another page has its turn, or the pause is over.
 *   sent: the server has every byte; the feed says when the picture is stored.
 *   Every state: refused ─► failed; stored or given up ─► dropped.
 */
type UploadState = 'waiting' | 'running' | 'paused' | 'sent' | 'failed' | 'dropped'

export const UPLOAD_EXITS = [
  'started',
  'requeued',
  'paused',
  'finished',
  'refused',
  'retried',
  'dropped',
] as const
const _ = null
// biome-ignore format: a table
export const UPLOAD_STATES: StateTable<UploadState, typeof UPLOAD_EXITS> = {
  //         started    requeued   paused    finished refused   retried    dropped
  waiting: ['running',  _,         _,        _,       'failed', _,         'dropped'],
  running: [_,          'waiting', 'paused', 'sent',  'failed', _,         'dropped'],
  paused:  [_,          'waiting', _,        _,       'failed', _,         'dropped'],
  sent:    [_,          _,         _,        _,       'failed', _,         'dropped'],
  failed:  [_,          _,         _,        _,       'failed', 'waiting', 'dropped'],
  dropped: [_,          _,         _,        _,       _,        _,         _        ],
}

/** Time without progress after which a request counts as dead, at first. */
const REQUEST_PATIENCE_MS = 20_000

/** One upload: its state, and the outcome of its tries so far. */
export class UploadJob {
  readonly state = new StateMachine(UPLOAD_EXITS, UPLOAD_STATES, 'waiting')
  readonly id: string
  file: Blob
  /** Resolves when the store has a copy of the file, or can't keep one. */
  kept: Promise<void> = Promise.resolve()
  /** The command that announced the picture; null when an earlier page sent it, and while it isn't refused. */
  add: ImageAdd | null
  /** Whether the server may have a part of the file: it is asked before anything is sent. */
  isBegun: boolean
  /** The upload's address, once the server has told it. */
  url: string | null = null
  /** Whether it waits for a preview, which goes first. */
  isHeld = false
  /** Resolves when its preview has left, or is no longer waited for; null from then on. */
  previewDue: Promise<void> | null = null
  /** Resolves with whether a smaller preview has left, which is made sooner. */
  thumbnailSent: Promise<boolean> = Promise.resolve(false)
  /** Whether the file outlives the page. */
  isKept = false
  /** Bytes that the server has, as it told last. */
  acknowledged = 0
  /** How often it let a shorter one go first. */
  yieldCount = 0
  /** Failed tries since a byte got through. */
  failures = 0
  /** When progress was reported last, in milliseconds since 1970. */
  progressAt = 0
  /** When this page last claimed the file, in milliseconds since 1970; 0 when the claim isn't ours. */
  claimedAt = 0
  /** Ends a pause. */
  timer: ReturnType<typeof setTimeout> | undefined
  /** Time without progress after which the request under way counts as dead. */
  patienceMs = REQUEST_PATIENCE_MS
  /** Tells the request under way that the board is live again; `isSlow`: by plain requests. */
  onLive: ((isSlow: boolean) => void) | undefined
  /** Breaks off the request under way. */
  stop: ((isStored?: boolean) => void) | undefined

  constructor(id: string, file: Blob, add: ImageAdd | null) {
    this.id = id
    this.file = file
    this.add = add
    this.isBegun = add === null
  }

  get bytesLeft(): number {
    return this.file.size - this.acknowledged
  }

  /** Whether a try is under way. */
  get isRunning(): boolean {
    return this.state.current === 'running'
  }

  /** Ends a pause, and breaks off a request under way. */
  halt(isStored = false): void {
    clearTimeout(this.timer)
    this.stop?.(isStored)
  }
}
