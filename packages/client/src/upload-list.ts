import { limits, type SenderReport } from '@wirephoto/board'
import type { Emitter } from './events.ts'
import type { BoardEvents, OwnUpload } from './types.ts'

/** The connection, as the list of uploads uses it. */
export interface UploadChannel {
  /** Tells others what only the sender knows of its uploads. */
  reportUploads(sending: SenderReport): void
}

/** Our own uploads as the person sees them. Others get reports of all that they can't see for themselves. */
export class UploadList {
  readonly shown = new Map<string, OwnUpload>()
  readonly #channel: UploadChannel
  readonly #events: Emitter<BoardEvents>

  constructor(channel: UploadChannel, events: Emitter<BoardEvents>) {
    this.#channel = channel
    this.#events = events
  }

  /** Shows files that are new here: one event for all, since a page looks through its pictures at each. */
  add(files: readonly { readonly id: string; readonly file: Blob; readonly name: string }[]): void {
    for (const { id, file, name } of files)
      this.shown.set(id, { id, file, name, sent: 0, total: file.size, state: 'waiting' })
    this.#events.emit('uploads', new Set(files.map(({ id }) => id)))
  }

  /** Shows news of an upload. The time of its next try and its obstacle are gone unless they are among them. */
  update(id: string, news: Partial<OwnUpload>): void {
    const before = this.shown.get(id)
    if (!before) return
    const upload = { ...before, retryAt: undefined, obstacle: undefined, ...news }
    this.shown.set(id, upload)
    const isNews = before.state !== upload.state || before.retryAt !== upload.retryAt
    if (isNews && !(before.state === 'waiting' && upload.state === 'sending'))
      this.#channel.reportUploads(reportOf(upload))
    this.#changed(id)
  }

  remove(id: string): void {
    this.shown.delete(id)
    this.#changed(id)
  }

  /** Tells others, on a new connection, which uploads aren't simply on their way. */
  reportTroubled(): void {
    const troubled = [...this.shown.values()].filter(
      ({ state }) => state === 'retrying' || state === 'failed',
    )
    for (let i = 0; i < troubled.length; i += limits.picturesPerReport) {
      const reports = troubled.slice(i, i + limits.picturesPerReport).map(reportOf)
      this.#channel.reportUploads(Object.assign({}, ...reports))
    }
  }

  #changed(id: string): void {
    this.#events.emit('uploads', new Set([id]))
  }
}

/** Returns the state of an upload as its sender tells it to others. */
function reportOf({ id, state, retryAt }: OwnUpload): SenderReport {
  if (state === 'failed') return { [id]: { state } }
  if (state !== 'retrying') return { [id]: { state: 'sending' } }
  return { [id]: { state, wait: Math.max(0, Math.round((retryAt ?? 0) - Date.now())) } }
}
