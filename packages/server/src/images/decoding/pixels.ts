import sharp, { type Sharp } from 'sharp'
import type { Source } from './source.ts'

/** Pixels in rows: upright, 8 bit sRGB, with straight alpha. */
export interface Pixels {
  readonly data: Buffer
  readonly width: number
  readonly height: number
  readonly channels: 1 | 2 | 3 | 4
}

/**
 * Draws a picture as browsers show it, with a longest side of at most `side` pixels. Here ends what a format
 * says in its own way: orientation, colours, alpha.
 */
export async function draw(source: Source, side: number, maxPixels: number): Promise<Pixels> {
  try {
    return await drawSource(source, side, maxPixels)
  } catch (error) {
    const alternative = (await source.alternative?.()) ?? null
    if (!alternative) throw error
    return drawSource(alternative, side, maxPixels)
  }
}

async function drawSource(
  { input, isOriented }: Source,
  side: number,
  limitInputPixels: number,
): Promise<Pixels> {
  // It accepts broken metadata, which browsers ignore, and rejects broken pixels.
  const image = sharp(input, { failOn: 'error', limitInputPixels, sequentialRead: true })
  if (isOriented) image.autoOrient()
  const small = image.resize(side, side, { fit: 'inside', withoutEnlargement: true })
  return rawPixels(small.toColourspace('srgb'))
}

export async function rawPixels(image: Sharp): Promise<Pixels> {
  const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height, channels: info.channels }
}

/**
 * Returns a smaller copy. The first pass's `info` must not describe its pixels: its `premultiplied` tells
 * what the pass did inside, while the pixels that it returns are straight.
 */
export const resized = ({ data, width, height, channels }: Pixels, side: number): Sharp =>
  sharp(data, { raw: { width, height, channels } }).resize(side, side, {
    fit: 'inside',
    withoutEnlargement: true,
  })
