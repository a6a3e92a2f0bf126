import sharp, { type Metadata, type Sharp } from 'sharp'
import { type Colour, convertToSrgb } from './colour.ts'
import type { Size } from './size.ts'
import { readHeader, type Source } from './source.ts'

/** Pixels in rows: upright, 8 bit sRGB, with straight alpha. */
export interface Pixels {
  readonly data: Buffer
  readonly width: number
  readonly height: number
  readonly channels: 1 | 2 | 3 | 4
}

/**
 * The shortest side that is drawn. A JPEG that is made smaller while it is decoded may lose a row or column of
 * its last block. That is much of a thin picture.
 */
const MIN_DRAWN_SIDE_PX = 16

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

async function drawSource(source: Source, side: number, limitInputPixels: number): Promise<Pixels> {
  const { input, isOriented, isPremultiplied, colour } = source
  const { header, size } = await readHeader(source)
  const thinness = Math.max(size.width, size.height) / Math.min(size.width, size.height)
  const drawnSide = Math.max(side, Math.ceil(MIN_DRAWN_SIDE_PX * thinness))
  const { width, height } = fitInside(size, drawnSide)
  const ignoreIcc = colour !== null
  // It accepts broken metadata, which browsers ignore, and rejects broken pixels.
  const options = { failOn: 'error', limitInputPixels, sequentialRead: true, ignoreIcc } as const
  const image = sharp(input, options)
  if (isOriented) image.autoOrient()
  image.resize(width, height, { fit: 'fill' })
  const pixels = await (colour || isPremultiplied
    ? converted(image, header, colour, isPremultiplied)
    : rawPixels(inSrgb(image, header)))
  return drawnSide > side ? rawPixels(resized(pixels, side)) : pixels
}

function inSrgb(image: Sharp, { space, icc }: Metadata): Sharp {
  image.toColourspace('srgb')
  // sharp converts sixteen bits with a profile to Display P3, and leaves them there unless it is told.
  if (space === 'rgb16' && icc) image.withIccProfile('srgb')
  return image
}

function fitInside({ width, height }: Size, side: number): Size {
  const scale = Math.min(1, side / Math.max(width, height))
  const [w, h] = [width, height].map((each) => Math.max(1, Math.round(each * scale)))
  return { width: w!, height: h! }
}

/** Converts a picture whose alpha or colour libvips doesn't know. Sixteen bits stay until the end. */
async function converted(
  image: Sharp,
  { depth }: Metadata,
  colour: Colour | null,
  isPremultiplied: boolean,
): Promise<Pixels> {
  const isDeep = colour !== null && depth === 'ushort'
  const { data, info } = await image
    .toColourspace(isDeep ? 'rgb16' : 'srgb')
    .raw({ depth: isDeep ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  const samples = isDeep
    ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
    : new Uint8Array(data.buffer, data.byteOffset, data.length)
  if (isPremultiplied && channels === 4) divideByAlpha(samples, isDeep ? 65_535 : 255)
  const shown = colour ? convertToSrgb(samples, channels, colour) : data
  return { data: shown, width, height, channels }
}

function divideByAlpha(samples: Uint8Array | Uint16Array, maximum: number): void {
  for (let i = 0; i < samples.length; i += 4) {
    const alpha = samples[i + 3]!
    for (let n = i; n < i + 3 && alpha > 0; n++)
      samples[n] = Math.min(maximum, Math.round((samples[n]! * maximum) / alpha))
  }
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
