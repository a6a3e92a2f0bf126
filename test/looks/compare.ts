import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ImageRecord } from '@wirephoto/board'
import { blobUrl, openBoard } from '@wirephoto/client'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { findOnPath } from '../support/browser.ts'
import type { InProcessServer } from '../support/in-process-server.ts'
import type { Sample } from './samples.ts'
import { differenceOf, type View, viewInChromium } from './view.ts'

/** The front board is open to its own machine. */
const BOARD = 'main'
/** Pixels of a screen that shows the wall. */
const [SCREEN_WIDTH_PX, SCREEN_HEIGHT_PX] = [1920, 1080]

/** A picture that the board shows in place of the file. */
interface Look {
  /** A side in pixels, `stored`, `wall` or `preview`. */
  readonly label: string
  readonly view: View
  /** Mean difference from the file, from 0 to 255, on white and on black. */
  readonly difference: number
  /** The same for squares of 4 px: colour and shape, without what a codec does to grain. */
  readonly coarseDifference: number
}

export interface Comparison {
  readonly name: string
  /** The program that drew the original. */
  readonly drawnBy: string
  readonly original: View
  readonly looks: readonly Look[]
  /** Whether the record has the width and height of the original. */
  readonly hasItsSize: boolean
  /** Greatest difference of the blur's mean colour from that of the original, per channel. */
  readonly blurDifference: number
}

/** Stores pictures on a server, and compares them with what it makes of them. */
export class Comparer implements AsyncDisposable {
  readonly #server: InProcessServer
  readonly #page: Page
  readonly #folder: string

  private constructor(server: InProcessServer, page: Page, folder: string) {
    this.#server = server
    this.#page = page
    this.#folder = folder
  }

  static async open(server: InProcessServer, page: Page): Promise<Comparer> {
    return new Comparer(server, page, await mkdtemp(join(tmpdir(), 'wirephoto-looks-')))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Returns null for a file that nothing here can draw. Rejects with the server's answer if that refuses it. */
  async compare({ name, bytes }: Sample): Promise<Comparison | null> {
    const original = await this.#drawOriginal(name, bytes)
    if (!original) return null
    const { view, drawnBy } = original
    const { record, preview } = await this.#store(name, bytes)
    const pictures = await Promise.all(
      record.variants!.map(
        async (side) => [String(side), await this.#fetch(`blob/${record.blob}/${side}`)] as const,
      ),
    )
    // Where there is no smaller picture, and for an SVG, the stored file itself is shown.
    const stored = await this.#fetch(`blob/${record.blob}/original`)
    const wall = await this.#fetchForWall(record)
    const all = [
      ...pictures,
      ['stored', stored] as const,
      ['wall', wall] as const,
      ['preview', preview] as const,
    ]
    const looks: Look[] = []
    for (const [label, picture] of all) {
      const seen = picture && (await viewInChromium(this.#page, picture, view.small))
      if (!seen) continue
      const [difference, coarseDifference] = [differenceOf(view, seen), differenceOf(view, seen, 4)]
      looks.push({ label, view: seen, difference, coarseDifference })
    }
    const isDrawing = name.endsWith('.svg')
    const ratio = (size: { width: number; height: number }) => size.width / size.height
    const hasItsSize = isDrawing
      ? Math.abs(ratio(record) / ratio(view) - 1) < 0.01
      : record.width === view.width && record.height === view.height
    const blur = record.thumbhash ? blurDifference(record.thumbhash, view) : 0
    return { name, drawnBy, original: view, looks, hasItsSize, blurDifference: blur }
  }

  /** Stores a file; resolves when it has its variants. */
  async #store(
    name: string,
    bytes: Buffer,
  ): Promise<{ record: ImageRecord; preview: Buffer | null }> {
    const { url } = this.#server
    const answer = await fetch(
      `${url}/api/boards/${BOARD}/images?name=${encodeURIComponent(name)}`,
      {
        method: 'POST',
        body: new Uint8Array(bytes),
      },
    )
    if (!answer.ok) throw new Error(await answer.text())
    const stored = (await answer.json()) as ImageRecord
    const preview = await this.#fetch(`arrivals/${stored.id}/preview`)
    const board = openBoard({ url, board: BOARD })
    try {
      for (;;) {
        const record = board.pictures.get(stored.id)
        if (record?.variants) return { record, preview }
        await new Promise<void>((resolve) => {
          const off = board.on('pictures', () => {
            off()
            resolve()
          })
        })
      }
    } finally {
      await board.close()
    }
  }

  async #fetch(path: string): Promise<Buffer | null> {
    const answer = await fetch(`${this.#server.url}/b/${BOARD}/${path}`)
    return answer.ok ? Buffer.from(await answer.arrayBuffer()) : null
  }

  /** Fetches what a wall shows that fills its screen with the picture. */
  async #fetchForWall(record: ImageRecord): Promise<Buffer | null> {
    const { width, height } = record
    const scale = Math.min(SCREEN_WIDTH_PX / width, SCREEN_HEIGHT_PX / height)
    const address = { url: this.#server.url, id: BOARD }
    const url = blobUrl(address, record, scale * Math.max(width, height))
    const answer = url ? await fetch(url) : null
    return answer?.ok ? Buffer.from(await answer.arrayBuffer()) : null
  }

  async #write(name: string, bytes: Uint8Array): Promise<string> {
    const path = join(this.#folder, `${crypto.randomUUID()}-${name}`)
    await writeFile(path, bytes)
    return path
  }

  async #drawOriginal(
    name: string,
    bytes: Buffer,
  ): Promise<{ view: View; drawnBy: string } | null> {
    const view = await viewInChromium(this.#page, bytes)
    if (view) return { view, drawnBy: 'Chromium' }
    for (const [program, ...options] of PROGRAMS) {
      if (!(await findOnPath(program))) continue
      const [from, to] = [await this.#write(name, bytes), join(this.#folder, 'drawn.png')]
      try {
        await rm(to, { force: true })
        // ImageMagick takes one page of many.
        const input = program === 'convert' ? `${from}[0]` : from
        await promisify(execFile)(program, [input, ...options, to])
        const drawn = await viewInChromium(this.#page, await readFile(to))
        if (drawn) return { view: drawn, drawnBy: program }
      } catch {
        // It isn't for this program.
      }
    }
    return null
  }
}

/** Programs that draw what Chromium doesn't, with their options between the file and the PNG. */
const PROGRAMS = [['heif-convert'], ['djxl'], ['convert', '-auto-orient']] as const

function blurDifference(thumbhash: string, { onWhite, onBlack }: View): number {
  const { r, g, b, a } = averageOf(Buffer.from(thumbhash, 'base64'))
  const [white, black] = [onWhite, onBlack].map((pixels) =>
    [0, 1, 2].map(
      (n) => pixels.reduce((sum, v, i) => (i % 3 === n ? sum + v : sum), 0) / (pixels.length / 3),
    ),
  )
  const differences = [r, g, b].flatMap((value, n) => [
    Math.abs((value * a + 1 - a) * 255 - white![n]!),
    Math.abs(value * a * 255 - black![n]!),
  ])
  return Math.max(...differences)
}

/** Returns the mean colour of a ThumbHash, from 0 to 1: its first bits, as its format says. */
function averageOf(hash: Buffer): { r: number; g: number; b: number; a: number } {
  const header = hash.readUIntLE(0, 3)
  const bits = (at: number) => Math.floor(header / 2 ** at) % 64
  const [l, p, q] = [bits(0) / 63, bits(6) / 31.5 - 1, bits(12) / 31.5 - 1]
  const a = header >= 2 ** 23 ? (hash[5]! % 16) / 15 : 1
  const b = l - (2 / 3) * p
  const r = (3 * l - b + q) / 2
  return { r, g: r - q, b, a }
}

/** Returns the difference of two views as a PNG, four times as strong. */
export async function differencePng(a: View, b: View): Promise<Buffer> {
  const pixels = a.onWhite.map((value, i) =>
    Math.min(255, 4 * Math.abs(value - (b.onWhite[i] ?? 0))),
  )
  return viewPng(Buffer.from(pixels), a.small)
}

/** Returns RGB pixels as a PNG. */
export const viewPng = (pixels: Buffer, { width, height }: View['small']): Promise<Buffer> =>
  sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
