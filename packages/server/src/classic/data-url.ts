/** The start of a data URL with base64 (RFC 2397). Its type is ignored: only the bytes decide (U3). */
const DATA_URL_START = /^data:[^,]{0,200};base64,/i
/** The comma of a data URL must come within this many bytes. */
const START_BYTES = 256

/** Decodes a stream that may be a data URL, chunk by chunk. Passes on anything else unchanged. */
export async function* decodeDataUrlStream(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  for (;;) {
    const { value, done } = await chunks.next()
    if (value) head = Buffer.concat([head, value])
    if (done || head.length >= START_BYTES) break
  }
  const rest: AsyncIterable<Buffer> = { [Symbol.asyncIterator]: () => chunks }
  const start = DATA_URL_START.exec(head.toString('latin1', 0, START_BYTES))?.[0].length
  if (start === undefined) {
    yield head
    yield* rest
  } else yield* decodeBase64(head.subarray(start), rest)
}

/** Decodes a data URL. Returns null for any other text. */
export function decodeDataUrl(text: string): Buffer | null {
  const start = DATA_URL_START.exec(text.slice(0, START_BYTES))?.[0].length
  return start === undefined ? null : Buffer.from(text.slice(start), 'base64')
}

/** Decodes whole groups of four letters, which are three bytes each. The remainder waits for the next chunk. */
async function* decodeBase64(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let remainder = ''
  const decode = (chunk: Buffer) => {
    const text = remainder + chunk.toString('latin1').replace(/\s+/g, '')
    const wholeLength = text.length - (text.length % 4)
    remainder = text.slice(wholeLength)
    return Buffer.from(text.slice(0, wholeLength), 'base64')
  }
  yield decode(head)
  for await (const chunk of rest) yield decode(chunk)
  yield Buffer.from(remainder, 'base64')
}
