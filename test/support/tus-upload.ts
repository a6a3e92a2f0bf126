/** A resumable upload, part by part. */
export class TusUpload {
  readonly url: string
  readonly #file: Buffer
  readonly #headers: Readonly<Record<string, string>>
  offset = 0

  private constructor(url: string, file: Buffer, headers: Readonly<Record<string, string>>) {
    this.url = url
    this.#file = file
    this.#headers = { ...headers, 'tus-resumable': '1.0.0' }
  }

  /** Begins the upload of an announced picture. */
  static async begin(
    origin: string,
    board: string,
    id: string,
    file: Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<TusUpload> {
    const collection = `${origin}/api/boards/${board}/uploads`
    const upload = new TusUpload(`${collection}/${id}`, file, headers)
    const response = await fetch(collection, {
      method: 'POST',
      headers: {
        ...upload.#headers,
        'upload-length': `${file.length}`,
        'upload-metadata': `id ${Buffer.from(id).toString('base64')}`,
      },
    })
    if (response.status !== 201) throw new Error(await response.text())
    return upload
  }

  /** Sends bytes, by default all that are left. Throws if they aren't taken. */
  async send(count = this.#file.length - this.offset): Promise<void> {
    const response = await fetch(this.url, {
      method: 'PATCH',
      headers: {
        ...this.#headers,
        'upload-offset': `${this.offset}`,
        'content-type': 'application/offset+octet-stream',
      },
      body: new Uint8Array(this.#file.subarray(this.offset, this.offset + count)),
    })
    if (response.status !== 204) throw new Error(await response.text())
    this.offset += count
  }

  /** Ends it, and removes its picture. */
  async cancel(): Promise<void> {
    const response = await fetch(this.url, { method: 'DELETE', headers: this.#headers })
    if (response.status !== 204) throw new Error(await response.text())
  }
}
