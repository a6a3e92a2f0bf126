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
  return { event, args: [text], frames: textFrame(`42${JSON.stringify([event, text])}`) }
}

/** Encodes the answer to a request that has this id, as it goes to the kernel. */
export function encodeAnswer(id: number, answer: object): Buffer {
  // An Engine.IO message (4) with a Socket.IO acknowledgement (3).
  return textFrame(`43${id}[${JSON.stringify(answer)}]`)
}

/** Encodes an event about a record, with bytes as a binary attachment. */
export function encodeBytes(event: string, id: string, bytes: Buffer): EncodedEvent {
  // An Engine.IO message (4) with a Socket.IO binary event (5) of one attachment (1-).
  const head = `451-${JSON.stringify([event, id, { _placeholder: true, num: 0 }])}`
  const frames = [textFrame(head), frameOf(BINARY, bytes)]
  return { event, args: [id, bytes], frames: Buffer.concat(frames) }
}

/** Frames a whole message, unmasked (RFC 6455 section 5.2). */
function frameOf(opcode: number, payload: Buffer): Buffer {
  const frame = newFrame(opcode, payload.length)
  payload.copy(frame, frame.length - payload.length)
  return frame
}

function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const frame = newFrame(TEXT, length)
  frame.write(text, frame.length - length)
  return frame
}

/** Makes the frame of a payload of this many bytes, which is to be written behind the header. */
function newFrame(opcode: number, length: number): Buffer {
  const headerLength = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(headerLength + length)
  frame[0] = 0x80 | opcode
  frame[1] = length < 126 ? length : length < 65_536 ? 126 : 127
  if (headerLength === 4) frame.writeUInt16BE(length, 2)
  if (headerLength === 10) frame.writeBigUInt64BE(BigInt(length), 2)
  return frame
}
