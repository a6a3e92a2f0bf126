/** An event for many sessions: as Socket.IO takes it, and as it goes to the kernel for all of them. */
export interface EncodedEvent {
  readonly event: string
  readonly args: readonly unknown[]
  /** Websocket frames with their headers. A server's frames are the same for everybody (RFC 6455 section 5.1). */
  readonly frames: Buffer
}

/** Opcodes of RFC 6455 section 5.2. */
const TEXT = 0x1
const BINARY = 0x2

/** Encodes an event whose body is a string. */
export function encodeText(event: string, text: string): EncodedEvent {
  // An Engine.IO message (4) with a Socket.IO event (2).
  const message = Buffer.from(`42${JSON.stringify([event, text])}`)
  return { event, args: [text], frames: frameOf(TEXT, message) }
}

/** Encodes an event about a record, with bytes as a binary attachment. */
export function encodeBytes(event: string, id: string, bytes: Buffer): EncodedEvent {
  // An Engine.IO message (4) with a Socket.IO binary event (5) of one attachment (1-).
  const head = `451-${JSON.stringify([event, id, { _placeholder: true, num: 0 }])}`
  const frames = [frameOf(TEXT, Buffer.from(head)), frameOf(BINARY, bytes)]
  return { event, args: [id, bytes], frames: Buffer.concat(frames) }
}

/** Frames a whole message, unmasked (RFC 6455 section 5.2). */
function frameOf(opcode: number, payload: Buffer): Buffer {
  const { length } = payload
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  header[0] = 0x80 | opcode
  header[1] = length < 126 ? length : length < 65_536 ? 126 : 127
  if (header.length === 4) header.writeUInt16BE(length, 2)
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([header, payload])
}
