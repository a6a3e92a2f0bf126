import sharp from 'sharp'
import { landscape } from '../../docs/landscapes.ts'
import {
  encodeAsCamera,
  exifSegment,
  thumbnailOf,
  withCameraSegments,
} from '../../test/support/camera-files.ts'
import { drawPicture, seededRandom } from '../../test/support/pictures.ts'

/** 24 megapixels, as a camera whose sensor is 3:2. */
const SIDES_PX: readonly [width: number, height: number] = [6_000, 4_000]

/**
 * Draws a photo as a camera writes it, of about a third of a byte a pixel. A thumbnail of 160 x 120 with black bars
 * is inside. With its shapes, texture and grain, the size and the likeness of its preview are
 * those of a photograph's.
 */
export async function drawPhoto(seed = 3, [width, height] = SIDES_PX): Promise<Buffer> {
  const [halfWidth, halfHeight] = [width / 2, height / 2]
  const texture = await drawPicture({ width: halfWidth, height: halfHeight, seed, quality: 95 })
  const random = seededRandom(seed)
  const noise = Uint8Array.from({ length: width * height }, () => 100 + random() * 56)
  const grain = sharp(noise, { raw: { width, height, channels: 1 } })
  const picture = await sharp(await landscape(width, height, seed))
    .composite([
      {
        input: await sharp(texture).greyscale().resize(width, height).toBuffer(),
        blend: 'overlay',
      },
      { input: await grain.png({ compressionLevel: 1 }).toBuffer(), blend: 'soft-light' },
    ])
    .png({ compressionLevel: 1 })
    .toBuffer()
  const exif = { width, height, thumbnail: await thumbnailOf(picture) }
  return withCameraSegments(await encodeAsCamera(picture, 94), [exifSegment(exif)])
}
