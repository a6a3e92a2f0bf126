import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type MediaType, variantSidesOf } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import type { Party } from '../fairness/party.ts'
import { inBackground } from '../in-background.ts'
import type { Decoder } from './decoding/decoder.ts'
import { variantKey } from './variant-key.ts'
import { type DrawnVariants, drawVariants } from './variant-maker.ts'

/** A whole file that is about to be validated. */
export interface FileAhead {
  readonly path: string
  readonly blob: string
  readonly type: MediaType
  /** Pixels as its header tells them, after orientation. */
  readonly size: { readonly width: number; readonly height: number }
  readonly party: Party
}

interface Parts {
  readonly blobs: Pick<Engine['blobs'], 'has'>
  readonly decoder: Decoder
  /** The folder to draw in. */
  readonly folder: string
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>
}

interface Drawing {
  readonly blob: string
  readonly sides: readonly number[]
  /** Null if they couldn't be drawn. */
  readonly drawn: Promise<DrawnVariants | null>
  isOver: boolean
}

/**
 * Draws a picture's variants beside its validation, while nothing else is decoded. They are stored only once the
 * file is found sound. Where this fails, they are drawn after that, which tells why.
 */
export class VariantsAhead {
  readonly #parts: Parts
  #current: Drawing | null = null
  #count = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Begins to draw a file's variants, unless other files are being decoded. */
  begin(file: FileAhead): void {
    const { blob, type, size } = file
    if (!this.#parts.decoder.isIdle || this.#current?.isOver === false) return
    // Nobody has taken the last ones.
    this.drop(this.#current?.blob)
    const sides = variantSidesOf({ ...size, type })
    if (sides.length === 0) return
    const drawn = this.#draw(file, sides).catch(() => null)
    const drawing: Drawing = { blob, sides, drawn, isOver: false }
    inBackground(
      drawn.then(() => {
        drawing.isOver = true
      }),
      this.#parts.log,
    )
    this.#current = drawing
  }

  /** Whether the variants of a blob are drawn, or will be in so many milliseconds. */
  async isDrawn(blob: string, withinMs: number): Promise<boolean> {
    const current = this.#current
    if (current?.blob !== blob) return false
    const drawn = current.drawn.then((variants) => variants !== null)
    return Promise.race([drawn, setTimeout(withinMs, false, { ref: false })])
  }

  /** Hands out the variants of a blob, once they are drawn; null if there are none with these sides. */
  async take(blob: string, sides: readonly number[]): Promise<DrawnVariants | null> {
    const current = this.#current
    if (current?.blob !== blob) return null
    if (current.sides.join() !== sides.join()) {
      this.drop(blob)
      return null
    }
    this.#current = null
    return current.drawn
  }

  /** Removes what was drawn for a blob. */
  drop(blob: string | undefined): void {
    const current = this.#current
    if (!current || current.blob !== blob) return
    this.#current = null
    inBackground(
      current.drawn.then((drawn) => drawn?.[Symbol.asyncDispose]()),
      this.#parts.log,
    )
  }

  /** Resolves when nothing is drawn any more. Close the decoder at the same time. */
  async close(): Promise<void> {
    await this.#current?.drawn
  }

  async #draw(
    { path, blob, type, party }: FileAhead,
    sides: readonly number[],
  ): Promise<DrawnVariants | null> {
    // The same bytes are processed once (V11).
    for (const side of sides) if (await this.#parts.blobs.has(variantKey(blob, side))) return null
    return drawVariants({
      decoder: this.#parts.decoder,
      folder: join(this.#parts.folder, `ahead-${this.#count++}`),
      // A link would make the file a blob for those who find it after a crash.
      write: (to) => copyFile(path, to),
      type,
      sides,
      party,
      isFresh: true,
    })
  }
}
