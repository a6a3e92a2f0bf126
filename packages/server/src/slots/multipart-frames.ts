import { WireError } from '@wirephoto/board'
import { assertFrameBytes } from './read-frame.ts'

/** The headers of a part. Cameras send some hundred bytes. */
const PART_HEADERS_BYTES = 8_192
const LINE_END = '\r\n'
const HEADERS_END = '\r\n\r\n'

/** Returns the boundary of a `multipart/x-mixed-replace`; null for another type. Throws `broken-form` without one. */
export function boundaryOf(contentType: string | undefined): string | null {
  if (!/^\s*multipart\/x-mixed-replace\b/i.test(contentType ?? '')) return null
  const [, quoted, plain] =
    /;\s*boundary=(?:"([^"]{1,100})"|([^\s;"]{1,100}))/i.exec(contentType!) ?? []
  const boundary = quoted ?? plain
  if (!boundary) throw new WireError('broken-form')
  // Many cameras name it with the dashes that only stand before it.
  return boundary.startsWith('--') ? boundary : `--${boundary}`
}

/**
 * Yields the parts of a `multipart/x-mixed-replace` (RFC 2046 section 5.1.1), each as soon as it is whole: by its
 * length, or at the next boundary. Throws `broken-form`, and `too-large` for a part that no frame may be.
 */
export async function* multipartFrames(
  chunks: AsyncIterable<Buffer>,
  boundary: string,
  name: string,
): AsyncGenerator<Buffer> {
  const input = new BufferedInput(chunks)
  // Text before the first boundary says nothing.
  await input.through(boundary, PART_HEADERS_BYTES)
  for (;;) {
    const rest = await input.through(LINE_END, PART_HEADERS_BYTES)
    if (rest === null || rest.toString('latin1').startsWith('--')) return
    const headers = await partHeaders(input)
    if (headers === null) return
    const length = lengthIn(headers)
    if (length !== null) {
      assertFrameBytes(length, name)
      const frame = await input.take(length)
      if (frame === null) return
      yield frame
      if ((await input.through(boundary, PART_HEADERS_BYTES)) === null) return
    } else {
      const frame = await input.through(LINE_END + boundary, null, (size) =>
        assertFrameBytes(size, name),
      )
      if (frame === null) return
      yield frame
    }
  }
}

/** Reads the headers of a part; an empty line may stand in place of all. Null at the end. */
async function partHeaders(input: BufferedInput): Promise<string | null> {
  if (await input.skips(LINE_END)) return ''
  const headers = await input.through(HEADERS_END, PART_HEADERS_BYTES)
  return headers && headers.toString('latin1')
}

function lengthIn(headers: string): number | null {
  const [, digits] = /^content-length:\s*(\d{1,12})\s*$/im.exec(headers) ?? []
  return digits === undefined ? null : Number(digits)
}

/** Chunks that are read by their content. A part that ends within what is read is none, since its sender broke off. */
class BufferedInput {
  readonly #chunks: AsyncIterator<Buffer>
  #pieces: Buffer[] = []
  #bytes = 0

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** Returns the bytes before the next mark, and takes both. Throws `broken-form` after `limit` bytes without one. */
  async through(
    mark: string,
    limit: number | null,
    check: (size: number) => void = () => {},
  ): Promise<Buffer | null> {
    let from = 0
    for (;;) {
      const all = this.#joined()
      const found = all.indexOf(mark, from, 'latin1')
      if (found >= 0) {
        check(found)
        this.#keep(all.subarray(found + mark.length))
        return all.subarray(0, found)
      }
      // The mark may have begun.
      from = Math.max(0, all.length - mark.length + 1)
      check(from)
      if (limit !== null && from > limit) throw new WireError('broken-form')
      if (!(await this.#more())) return null
    }
  }

  /** Takes as many bytes; null if there are fewer. */
  async take(count: number): Promise<Buffer | null> {
    while (this.#bytes < count) if (!(await this.#more())) return null
    const all = this.#joined()
    this.#keep(all.subarray(count))
    return all.subarray(0, count)
  }

  /** Takes these characters if they come next. */
  async skips(text: string): Promise<boolean> {
    while (this.#bytes < text.length) if (!(await this.#more())) return false
    const all = this.#joined()
    if (all.toString('latin1', 0, text.length) !== text) return false
    this.#keep(all.subarray(text.length))
    return true
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next()
    if (done) return false
    this.#pieces.push(value)
    this.#bytes += value.length
    return true
  }

  #joined(): Buffer {
    if (this.#pieces.length !== 1) this.#pieces = [Buffer.concat(this.#pieces)]
    return this.#pieces[0]!
  }

  #keep(rest: Buffer): void {
    this.#pieces = [rest]
    this.#bytes = rest.length
  }
}
