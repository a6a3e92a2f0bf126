import type { Readable } from 'node:stream'
import { WireError } from '@wirephoto/board'

/**
 * Yields a body's chunks. Rejects with `bad-request` if the sender breaks off, and with the signal's reason once aborted.
 */
export async function* chunksOf(source: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  let giveUp: (error: WireError) => void = () => {}
  const abort = () => giveUp(signal.reason as WireError)
  signal.addEventListener('abort', abort)
  // The stream must outlive a refusal: its socket carries the answer.
  const chunks = source.iterator({ destroyOnReturn: false })
  try {
    for (;;) {
      // A race against one promise for the whole body would keep each chunk until the body's end.
      const { done, value } = await new Promise<IteratorResult<Buffer>>((resolve, reject) => {
        giveUp = reject
        if (signal.aborted) abort()
        chunks.next().then(resolve, reject)
      })
      if (done) return
      yield value
    }
  } catch (cause) {
    throw cause instanceof WireError ? cause : new WireError('bad-request', {}, { cause })
  } finally {
    signal.removeEventListener('abort', abort)
    // While the iterator listens, nothing else can read the rest of the body before the answer's end.
    chunks.return?.().catch(() => {})
  }
}
