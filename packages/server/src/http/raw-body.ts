import { WireError } from '@wirephoto/board'
import type { FastifyRequest } from 'fastify'
import type { Slot } from '../fairness/fair-slots.ts'
import type { DirectPicture } from '../images/uploads/direct-upload.ts'
import { decodedBody, isPacked, plainLength } from './body.ts'
import { answerAndClose } from './connections.ts'

/** Yields the picture that a request's body is. */
export async function* rawBody(
  { raw }: FastifyRequest,
  name: string,
  place: DirectPicture['place'],
  takeSlot: (giveWay: () => void) => Slot,
): AsyncGenerator<DirectPicture> {
  const source = decodedBody(raw, name)
  // A few hundred bytes may unpack to a whole upload, and cost a second of this machine.
  // The unpacking waits for bytes, and hears of nothing else but the end of its connection.
  const giveWay = () => answerAndClose(raw.socket, new WireError('busy'))
  using _slot = isPacked(raw) ? takeSlot(giveWay) : undefined
  try {
    yield { source, name, length: plainLength(raw), place }
  } finally {
    if (source !== raw) source.destroy()
  }
}
