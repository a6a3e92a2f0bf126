import sharp, { type Sharp } from 'sharp'
import { clap, nclx, withAvifProperties } from '../support/avif.ts'
import { drawPicture, withExifOrientation } from '../support/pictures.ts'
import { pngChunk, withPngChunks } from '../support/png.ts'

/** A picture that is compared with what Chromium makes of it. */
export interface Sample {
  readonly name: string
  readonly bytes: Buffer
}

const [WIDTH_PX, HEIGHT_PX] = [400, 304]
const BLUR_PX = 20
/** The primaries of sRGB, as ImageMagick writes them. */
const SRGB_CHRM = pngChunk(
  'cHRM',
  Buffer.from('00007a26000080840000fa00000080e8000075300000ea6000003a9800001770', 'hex'),
)
const [PQ, HLG, BT2020, P3, SRGB] = [16, 18, 9, 12, 13]

/** Makes a picture of each format in the ways that it can say colour, alpha and orientation. */
export async function makeSamples(): Promise<Sample[]> {
  const grainy = await drawPicture({ width: WIDTH_PX, height: HEIGHT_PX, seed: 5, format: 'png' })
  // Encoders change grain. Here colour, alpha and orientation are looked at.
  const opaque = await sharp(grainy).blur(BLUR_PX).png().toBuffer()
  const clear = await withSoftEdges(opaque)
  const made = {
    ...(await pngs(sharp(opaque), sharp(clear))),
    ...(await jpegs(opaque)),
    ...(await others(sharp(opaque), sharp(clear))),
    ...(await avifs(sharp(opaque), sharp(clear))),
    ...(await bmps(opaque)),
    ...svgs(),
  }
  return Object.entries(made).map(([name, bytes]) => ({ name, bytes }))
}

/** Gives a picture a margin that is clear, and an edge that fades to it. */
async function withSoftEdges(picture: Buffer): Promise<Buffer> {
  const mask = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH_PX}" height="${HEIGHT_PX}">
    <defs><radialGradient id="a"><stop offset=".5" stop-color="#fff"/>
    <stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient></defs>
    <rect width="100%" height="100%" fill="url(#a)"/></svg>`
  const layers = [{ input: Buffer.from(mask), blend: 'dest-in' as const }]
  return sharp(picture).ensureAlpha().composite(layers).png().toBuffer()
}

async function pngs(image: Sharp, clear: Sharp): Promise<Record<string, Buffer>> {
  const [plain, deep, alpha] = await Promise.all([
    image.clone().png().toBuffer(),
    image.clone().toColourspace('rgb16').png().toBuffer(),
    clear.clone().png().toBuffer(),
  ])
  const cicp = (primaries: number, transfer: number) =>
    pngChunk('cICP', Buffer.from([primaries, transfer, 0, 1]))
  const gamma = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return pngChunk('gAMA', bytes)
  }
  return {
    'plain.png': plain,
    'alpha.png': alpha,
    'deep.png': deep,
    'deep-alpha.png': await clear.clone().toColourspace('rgb16').png().toBuffer(),
    'grey.png': await image.clone().greyscale().png().toBuffer(),
    'grey-alpha.png': await clear.clone().greyscale().png().toBuffer(),
    'palette-alpha.png': await clear.clone().png({ palette: true }).toBuffer(),
    'interlaced.png': await image.clone().png({ progressive: true }).toBuffer(),
    'p3-icc.png': await image.clone().withIccProfile('p3').png().toBuffer(),
    'p3-icc-deep.png': await image
      .clone()
      .toColourspace('rgb16')
      .withIccProfile('p3')
      .png()
      .toBuffer(),
    'p3-icc-alpha.png': await clear.clone().withIccProfile('p3').png().toBuffer(),
    'p3-cicp.png': withPngChunks(plain, cicp(P3, SRGB)),
    'p3-cicp-alpha.png': withPngChunks(alpha, cicp(P3, SRGB)),
    'pq-cicp.png': withPngChunks(plain, cicp(BT2020, PQ)),
    'pq-cicp-deep.png': withPngChunks(deep, cicp(BT2020, PQ)),
    'hlg-cicp-deep.png': withPngChunks(deep, cicp(BT2020, HLG)),
    'linear-gama.png': withPngChunks(plain, gamma(100_000)),
    'mac-gama.png': withPngChunks(plain, gamma(55_556)),
    'usual-gama-chrm.png': withPngChunks(plain, gamma(45_455), SRGB_CHRM),
    'orientation-6.png': await image.clone().withMetadata({ orientation: 6 }).png().toBuffer(),
  }
}

async function jpegs(picture: Buffer): Promise<Record<string, Buffer>> {
  const image = sharp(picture)
  const plain = await image.clone().jpeg({ quality: 92 }).toBuffer()
  return {
    'plain.jpg': plain,
    'progressive.jpg': await image.clone().jpeg({ progressive: true }).toBuffer(),
    'grey.jpg': await image.clone().greyscale().jpeg().toBuffer(),
    'p3-icc.jpg': await image.clone().withIccProfile('p3').jpeg().toBuffer(),
    'orientation-5.jpg': await withExifOrientation(picture, 5),
    'orientation-8.jpg': await withExifOrientation(picture, 8),
  }
}

async function others(image: Sharp, clear: Sharp): Promise<Record<string, Buffer>> {
  const frames = await Promise.all(
    ['#c33', '#36c'].map((background) =>
      sharp({ create: { width: 200, height: 150, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  )
  const moving = sharp(frames, { join: { animated: true } })
  return {
    'plain.gif': await image.clone().gif().toBuffer(),
    'alpha.gif': await clear.clone().gif().toBuffer(),
    'moving.gif': await moving.clone().gif().toBuffer(),
    'plain.webp': await image.clone().webp().toBuffer(),
    'alpha.webp': await clear.clone().webp().toBuffer(),
    'lossless-alpha.webp': await clear.clone().webp({ lossless: true }).toBuffer(),
    'p3-icc.webp': await image.clone().withIccProfile('p3').webp().toBuffer(),
    'orientation-6.webp': await image.clone().withMetadata({ orientation: 6 }).webp().toBuffer(),
    'moving.webp': await moving.clone().webp().toBuffer(),
  }
}

async function avifs(image: Sharp, clear: Sharp): Promise<Record<string, Buffer>> {
  const options = { quality: 90, effort: 0, chromaSubsampling: '4:4:4' } as const
  const [plain, alpha] = await Promise.all([
    image.clone().avif(options).toBuffer(),
    clear.clone().avif(options).toBuffer(),
  ])
  return {
    'plain.avif': plain,
    'alpha.avif': alpha,
    'p3-nclx.avif': withAvifProperties(plain, nclx(P3, SRGB, 6)),
    'p3-nclx-alpha.avif': withAvifProperties(alpha, nclx(P3, SRGB, 6)),
    'pq-nclx.avif': withAvifProperties(plain, nclx(BT2020, PQ, 6)),
    'hlg-nclx.avif': withAvifProperties(plain, nclx(BT2020, HLG, 6)),
    'p3-icc.avif': await image.clone().withIccProfile('p3').avif(options).toBuffer(),
    'cropped-corner.avif': withAvifProperties(plain, clap(200, 152, -100, -76)),
    'turned.avif': await image.clone().withMetadata({ orientation: 6 }).avif(options).toBuffer(),
  }
}

/** Makes bitmaps of 24 bits a pixel, which Windows and its programs write ("Bitmap Storage", Windows GDI). */
async function bmps(picture: Buffer): Promise<Record<string, Buffer>> {
  const pixels = await sharp(picture).removeAlpha().raw().toBuffer()
  const bmp = (topFirst: boolean) => {
    const file = Buffer.alloc(54 + pixels.length)
    file.write('BM')
    file.writeUInt32LE(file.length, 2)
    file.writeUInt32LE(54, 10)
    file.writeUInt32LE(40, 14)
    file.writeInt32LE(WIDTH_PX, 18)
    file.writeInt32LE(topFirst ? -HEIGHT_PX : HEIGHT_PX, 22)
    file.writeUInt32LE(1 + (24 << 16), 26)
    const rowBytes = WIDTH_PX * 3
    for (let at = 0; at < pixels.length; at += 3) {
      const row = Math.floor(at / rowBytes)
      const to = 54 + (topFirst ? row : HEIGHT_PX - 1 - row) * rowBytes + (at % rowBytes)
      file.set([pixels[at + 2]!, pixels[at + 1]!, pixels[at]!], to)
    }
    return file
  }
  return { 'plain.bmp': bmp(false), 'top-first.bmp': bmp(true) }
}

function svgs(): Record<string, Buffer> {
  const content =
    '<circle cx="1in" cy="40" r="30" fill="#c33"/><rect x="50%" width="20mm" height="3pc" fill="#36c8"/>'
  const svg = (size: string) =>
    Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" ${size}>${content}</svg>`)
  return {
    'mm.svg': svg('width="80mm" height="40mm"'),
    'box.svg': svg('viewBox="0 0 320 160"'),
    'inches.svg': svg('width="4in" height="2in" viewBox="0 0 320 160"'),
    'none.svg': svg(''),
    'middle.svg': svg('width="300" height="100" viewBox="0 0 320 160"'),
  }
}
