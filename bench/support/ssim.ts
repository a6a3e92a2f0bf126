import sharp from 'sharp'

const WINDOW_PX = 8
const WINDOW_STEP_PX = 4
/** The constants of Wang, Bovik, Sheikh and Simoncelli (2004), for 8 bits. */
const LUMA_FACTOR = (0.01 * 255) ** 2
const CONTRAST_FACTOR = (0.03 * 255) ** 2

/**
 * Returns a function that tells how similar a picture is to the original: SSIM of luma at `sidePx`, 1
 * for the same.
 */
export async function similarityTo(
  original: Buffer,
  sidePx: number,
): Promise<(picture: Buffer) => Promise<number>> {
  const { data, info } = await sharp(original)
    .autoOrient()
    .resize(sidePx, sidePx, { fit: 'inside' })
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return async (picture) => {
    const other = await sharp(picture)
      .flatten({ background: '#fff' })
      .resize(info.width, info.height, { fit: 'fill' })
      .greyscale()
      .raw()
      .toBuffer()
    return ssim(data, other, info.width)
  }
}

function ssim(a: Buffer, b: Buffer, width: number): number {
  const height = a.length / width
  let [sum, windows] = [0, 0]
  for (let y = 0; y + WINDOW_PX <= height; y += WINDOW_STEP_PX)
    for (let x = 0; x + WINDOW_PX <= width; x += WINDOW_STEP_PX) {
      let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0]
      for (let j = y; j < y + WINDOW_PX; j++)
        for (let i = j * width + x; i < j * width + x + WINDOW_PX; i++) {
          const [p, q] = [a[i]!, b[i]!]
          sa += p
          sb += q
          saa += p * p
          sbb += q * q
          sab += p * q
        }
      const n = WINDOW_PX * WINDOW_PX
      const [ma, mb] = [sa / n, sb / n]
      const [va, vb, cov] = [saa / n - ma * ma, sbb / n - mb * mb, sab / n - ma * mb]
      sum +=
        ((2 * ma * mb + LUMA_FACTOR) * (2 * cov + CONTRAST_FACTOR)) /
        ((ma * ma + mb * mb + LUMA_FACTOR) * (va + vb + CONTRAST_FACTOR))
      windows++
    }
  return sum / windows
}
