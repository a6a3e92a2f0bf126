import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { type Command, uuidv7 } from '@wirephoto/board'
import { drawPicture } from '../../test/support/pictures.ts'
import { postPicture, RawClient, snapshotOf, Writer } from './raw-client.ts'

/** Somebody who makes changes and sends previews. */
export interface Source {
  /** Makes a change. Resolves when it is answered. */
  change(): Promise<void>
  /** Makes a change that announces a picture, and sends its preview after it. */
  announce(previewIsSent?: () => void): Promise<void>
}

/** The messages that viewers get, for a baseline to send the same. */
export interface Messages {
  readonly change: string
  readonly announcement: string
  readonly preview: Buffer
}

/** Time in which a message must come, on a slow machine. */
const MESSAGE_TIMEOUT_MS = 30_000

const inTime = async <T>(message: Promise<T>): Promise<T> => {
  const late = setTimeout(MESSAGE_TIMEOUT_MS, null, { ref: false }).then(() => {
    throw new Error('A message did not come')
  })
  return await Promise.race([message, late])
}

const newId = () => uuidv7(Date.now(), randomBytes(10))

/** A page of the product. */
export class ProductSource implements Source {
  readonly #rawClient: RawClient
  readonly #writer: Writer
  readonly #picture: string
  readonly #preview: Buffer
  #x = 0

  private constructor(rawClient: RawClient, picture: string, preview: Buffer) {
    this.#rawClient = rawClient
    this.#writer = new Writer(rawClient)
    this.#picture = picture
    this.#preview = preview
  }

  static async open(port: number, preview: Buffer): Promise<ProductSource> {
    const picture = await postPicture(port, await drawPicture({ width: 320, height: 240 }))
    return new ProductSource(await RawClient.connect(port), picture, preview)
  }

  change(): Promise<void> {
    return this.#writer.push({
      kind: 'image.patch',
      id: this.#picture,
      set: { x: ++this.#x, y: 0 },
    })
  }

  async announce(previewIsSent?: () => void): Promise<void> {
    const id = newId()
    const place = { x: 0, y: 0, w: 320, width: 4_000, height: 3_000 }
    await this.#writer.push({ kind: 'image.add', id, name: 'IMG_0001.jpg', ...place } as Command)
    previewIsSent?.()
    const answer = await this.#rawClient.sendPreviews({ [id]: this.#preview })
    if ('error' in answer) throw new Error(`The server said ${JSON.stringify(answer)}`)
  }

  /** Makes one of each; resolves to what viewers got. */
  async capture(port: number): Promise<Messages> {
    const viewer = await RawClient.connect(port)
    await viewer.follow((await snapshotOf(port)).cursor)
    const change = Promise.withResolvers<string>()
    const announcement = Promise.withResolvers<string>()
    const preview = Promise.withResolvers<Buffer>()
    viewer.onBatch = (batch) => {
      for (const made of batch.changes)
        if ('put' in made && made.put.kind === 'image') {
          const { id, x } = made.put
          if (id !== this.#picture) announcement.resolve(JSON.stringify(batch))
          else if (x === this.#x) change.resolve(JSON.stringify(batch))
        }
    }
    viewer.onPreview = (_, bytes) => preview.resolve(bytes)
    await this.change()
    // Two changes of one tick would come as one message.
    await inTime(change.promise)
    await this.announce()
    const captured = {
      change: await inTime(change.promise),
      announcement: await inTime(announcement.promise),
      preview: await inTime(preview.promise),
    }
    viewer.close()
    return captured
  }
}

/** A client of a baseline that forwards what it receives: the messages of the product. */
export class RelaySource implements Source {
  readonly #rawClient: RawClient
  readonly #messages: Messages

  private constructor(rawClient: RawClient, messages: Messages) {
    this.#rawClient = rawClient
    this.#messages = messages
  }

  static async open(port: number, messages: Messages): Promise<RelaySource> {
    return new RelaySource(await RawClient.connect(port), messages)
  }

  async change(): Promise<void> {
    await this.#rawClient.request('commands', { text: this.#messages.change })
  }

  async announce(previewIsSent?: () => void): Promise<void> {
    await this.#rawClient.request('commands', { text: this.#messages.announcement })
    previewIsSent?.()
    await this.#rawClient.request('commands', {}, { [newId()]: this.#messages.preview })
  }
}
