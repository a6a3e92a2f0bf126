const HEAD_END = '\r\n\r\n'
/** No request has a longer head: such a connection carries something else. */
const MAX_HEAD_LENGTH = 65_536

/** Counts the bytes of uploads' bodies that connections pass on, as a server counts them: HTTP/1.1, by their length. */
export class UploadBytes {
  /** The sum over all connections. */
  total = 0

  /** Begins a connection. */
  open(): UploadConnection {
    return new UploadConnection((bytes) => {
      this.total += bytes
    })
  }
}

/** One connection to a server, with one request after the other. */
export class UploadConnection {
  readonly #count: (bytes: number) => void
  /** The beginning of a request's head. */
  #head = ''
  /** Bytes that are left of the body; infinite behind an upgrade, and of what is no HTTP. */
  #left = 0
  #isUpload = false

  constructor(count: (bytes: number) => void) {
    this.#count = count
  }

  /** Whether it is in the middle of an upload's body. */
  get isInBody(): boolean {
    return this.#isUpload && this.#left > 0
  }

  /** Takes the next bytes of the connection. */
  take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#left > 0) {
        const length = Math.min(this.#left, bytes.length - at)
        if (this.#isUpload) this.#count(length)
        this.#left -= length
        at += length
        continue
      }
      const before = this.#head.length
      this.#head += bytes.toString('latin1', at)
      const end = this.#head.indexOf(HEAD_END)
      if (end < 0) {
        if (this.#head.length > MAX_HEAD_LENGTH) this.#left = Number.POSITIVE_INFINITY
        return
      }
      at += end + HEAD_END.length - before
      this.#begin(this.#head.slice(0, end))
      this.#head = ''
    }
  }

  #begin(head: string): void {
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
    this.#left = /^upgrade:/im.test(head) ? Number.POSITIVE_INFINITY : length
    this.#isUpload = /^(?:POST|PATCH) \S*\/uploads/.test(head)
  }
}
