/** The start of a picture written as a data URL (RFC 2397); its type counts for nothing (U3). */
const START = /^data:[^,]{0,200};base64,/i
/** Bytes in which it must have begun. */
const HEAD = 256

/** The bytes of a picture that may be written as a data URL, as they come in; all else is left as it is. */
export async function* decoded(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  for (;;) {
    const { value, done } = await chunks.next()
    if (value) head = Buffer.concat([head, value])
    if (done || head.length >= HEAD) break
  }
  const rest: AsyncIterable<Buffer> = { [Symbol.asyncIterator]: () => chunks }
  const start = START.exec(head.toString('latin1', 0, HEAD))?.[0].length
  if (start === undefined) {
    yield head
    yield* rest
  } else yield* fromBase64(head.subarray(start), rest)
}

/** Of a whole one; null for what is no data URL. */
export function bytesOf(dataUrl: string): Buffer | null {
  const start = START.exec(dataUrl.slice(0, HEAD))?.[0].length
  return start === undefined ? null : Buffer.from(dataUrl.slice(start), 'base64')
}

/** Four letters are three bytes; what is left over waits for the next chunk. */
async function* fromBase64(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let left = ''
  const take = (chunk: Buffer) => {
    const text = left + chunk.toString('latin1').replace(/\s+/g, '')
    const whole = text.length - (text.length % 4)
    left = text.slice(whole)
    return Buffer.from(text.slice(0, whole), 'base64')
  }
  yield take(head)
  for await (const chunk of rest) yield take(chunk)
  yield Buffer.from(left, 'base64')
}
