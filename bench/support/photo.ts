import sharp from 'sharp'
import { landscape } from '../../docs/landscapes.ts'
import { drawPicture, seeded } from '../../test/support/pictures.ts'

/** Pixels: 24 million. */
const [WIDTH, HEIGHT] = [6_000, 4_000]

/**
 * A picture as a camera makes it: 24 MP, about 8 MB; shapes, texture and grain, so that its preview is as
 * large, and as like it, as those of photographs are.
 */
export async function drawPhoto(seed = 3): Promise<Buffer> {
  const texture = await drawPicture({ width: WIDTH / 2, height: HEIGHT / 2, seed, quality: 95 })
  const random = seeded(seed)
  const noise = Uint8Array.from({ length: WIDTH * HEIGHT }, () => 100 + random() * 56)
  const grain = sharp(noise, { raw: { width: WIDTH, height: HEIGHT, channels: 1 } })
  return sharp(await landscape(WIDTH, HEIGHT, seed))
    .composite([
      {
        input: await sharp(texture).greyscale().resize(WIDTH, HEIGHT).toBuffer(),
        blend: 'overlay',
      },
      { input: await grain.png({ compressionLevel: 1 }).toBuffer(), blend: 'soft-light' },
    ])
    .jpeg({ quality: 95 })
    .toBuffer()
}
