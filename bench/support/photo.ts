import sharp from 'sharp'
import { landscape } from '../../docs/landscapes.ts'
import { drawPicture, seededRandom } from '../../test/support/pictures.ts'

/** 24 megapixels. */
const [WIDTH_PX, HEIGHT_PX] = [6_000, 4_000]

/**
 * Draws a picture like a camera's: 24 MP, about 8 MB. With its shapes, texture and grain, the size
 * and the likeness of its preview are those of a photograph's.
 */
export async function drawPhoto(seed = 3): Promise<Buffer> {
  const texture = await drawPicture({
    width: WIDTH_PX / 2,
    height: HEIGHT_PX / 2,
    seed,
    quality: 95,
  })
  const random = seededRandom(seed)
  const noise = Uint8Array.from({ length: WIDTH_PX * HEIGHT_PX }, () => 100 + random() * 56)
  const grain = sharp(noise, { raw: { width: WIDTH_PX, height: HEIGHT_PX, channels: 1 } })
  return sharp(await landscape(WIDTH_PX, HEIGHT_PX, seed))
    .composite([
      {
        input: await sharp(texture).greyscale().resize(WIDTH_PX, HEIGHT_PX).toBuffer(),
        blend: 'overlay',
      },
      { input: await grain.png({ compressionLevel: 1 }).toBuffer(), blend: 'soft-light' },
    ])
    .jpeg({ quality: 95 })
    .toBuffer()
}
