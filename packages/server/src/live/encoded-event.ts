/** An event that many get: as Socket.IO knows it, and as it goes to the kernel for all of them. */
export interface EncodedEvent {
  readonly event: string
  readonly args: readonly unknown[]
  /** Websocket frames, headers and all: those of a server are the same for everybody (RFC 6455 section 5.1). */
  readonly frames: Buffer
}

const TEXT = 1
const BINARY = 2

export function encodedText(event: string, text: string): EncodedEvent {
  // An Engine.IO message (4) with a Socket.IO event (2).
  const message = Buffer.from(`42${JSON.stringify([event, text])}`)
  return { event, args: [text], frames: framed(TEXT, message) }
}

export function encodedBytes(event: string, about: string, bytes: Buffer): EncodedEvent {
  // An Engine.IO message (4) with a Socket.IO binary event (5) of one attachment (1-).
  const head = `451-${JSON.stringify([event, about, { _placeholder: true, num: 0 }])}`
  const frames = [framed(TEXT, Buffer.from(head)), framed(BINARY, bytes)]
  return { event, args: [about, bytes], frames: Buffer.concat(frames) }
}

/** A whole, unmasked message (RFC 6455 section 5.2). */
function framed(opcode: number, payload: Buffer): Buffer {
  const { length } = payload
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  header[0] = 0x80 | opcode
  header[1] = length < 126 ? length : length < 65_536 ? 126 : 127
  if (header.length === 4) header.writeUInt16BE(length, 2)
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([header, payload])
}
