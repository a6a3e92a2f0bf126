import type {
  Arrivals,
  Batch,
  Downloads,
  HeldNews,
  PresenceUpdate,
  SeenBy,
  ShowRequest,
} from '@wirephoto/board'
import type { Emitter } from './events.ts'
import type { ErrorAnswer, LiveFrame, Problem } from './types.ts'

/** The events of a connection, and the server's messages, whatever carries them. */
export interface TransportEvents {
  /** The server can be asked. */
  connected: undefined
  /** The connection is gone, or there is none to be had; with the server's reason, if it gave one. */
  lost: Problem | null
  changes: Batch
  /** The reader's cursor can't be read from any more. */
  reload: undefined
  roster: PresenceUpdate
  presence: PresenceUpdate
  people: { readonly count: number }
  arrivals: Arrivals
  preview: { readonly id: string; readonly bytes: ArrayBuffer | Uint8Array<ArrayBuffer> }
  /** A frame of a live slot, for its tile. */
  frame: LiveFrame
  /** A file that is shown to everybody, and not kept. */
  shown: LiveFrame
  seen: SeenBy
  /** Decisions about our own pictures that have waited. */
  held: HeldNews
  show: ShowRequest
  downloads: Downloads
  notice: ErrorAnswer
  bye: ErrorAnswer
  /** The build of the page that the server serves. */
  build: string
}

/** A way to the server: the websocket, or plain requests where no websocket passes. */
export interface Transport extends Emitter<TransportEvents> {
  /** Whether it has connected, and hasn't been lost. */
  readonly isOpen: boolean
  /** Connects. `connected` or `lost` follows within `patienceMs`. */
  open(patienceMs: number): void
  close(): void
  /** Asks the server. Rejects when it can't be reached, or doesn't answer in time. */
  ask<T>(
    event: 'follow' | 'commands' | 'previews',
    body: object,
    timeoutMs: number,
  ): Promise<T | ErrorAnswer>
  /** Tells the server something that needs no answer. A transient state may be lost (F12). */
  tell(event: string, body: object, isTransient?: boolean): void
}
