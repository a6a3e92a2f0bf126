import sharp from 'sharp'
import { seededRandom } from '../test/support/pictures.ts'

/** Sky from top to horizon, then the ridges from far to near. */
const PALETTES = [
  ['#f3c892', '#f7e3c0', '#c98d6b', '#8c5a4c', '#4b2f35'],
  ['#274a78', '#9cc3d9', '#6f9bb3', '#3f6b7d', '#1d3a45'],
  ['#e8a0a0', '#f6d9c9', '#a9798f', '#6a4f72', '#33294a'],
  ['#a9d0e8', '#eef4ee', '#9bb98a', '#5f8a57', '#2f5537'],
  ['#0e1631', '#3b3f6e', '#2c2f55', '#1a1d3a', '#0a0c1c'],
  ['#d9dccf', '#f4f2e6', '#b8b59c', '#7f8371', '#4a5148'],
] as const

/** Draws a landscape, which stands in for a photograph in the documents. Returns a JPEG. */
export async function landscape(width: number, height: number, seed: number): Promise<Buffer> {
  const random = seededRandom(seed * 7919)
  const palette = PALETTES[seed % PALETTES.length]!
  const [top, low, ...ridges] = palette
  const horizon = height * (0.4 + random() * 0.25)
  const sun = { x: width * (0.15 + random() * 0.7), y: horizon * (0.3 + random() * 0.6) }
  const shapes = ridges.map((colour, i) => {
    const base = horizon + ((height - horizon) * i) / ridges.length
    return `<path fill="${colour}" d="${ridge(width, height, base, height * 0.09, random)}"/>`
  })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
<linearGradient id="sky" x2="0" y2="1"><stop stop-color="${top}"/><stop offset=".7" stop-color="${low}"/></linearGradient>
<radialGradient id="glow"><stop stop-color="#fff" stop-opacity=".9"/><stop offset=".18" stop-color="#fff" stop-opacity=".75"/><stop offset=".2" stop-color="#fff" stop-opacity=".25"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>
<rect width="100%" height="100%" fill="url(#sky)"/>
<circle cx="${sun.x}" cy="${sun.y}" r="${height * 0.3}" fill="url(#glow)"/>
${shapes.join('\n')}
</svg>`
  const grain = Uint8Array.from({ length: width * height }, () => 122 + random() * 12)
  const film = await sharp(grain, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer()
  return sharp(Buffer.from(svg))
    .composite([{ input: film, blend: 'soft-light' }])
    .jpeg({ quality: 88 })
    .toBuffer()
}

/**
 * Returns the path of a line of hills, closed at the bottom: waves of falling size laid over each
 * other.
 */
function ridge(
  width: number,
  height: number,
  base: number,
  rise: number,
  random: () => number,
): string {
  const waves = [1.3, 2.9, 6.1, 14.7, 31].map((frequency) => ({
    frequency: (frequency * (0.8 + random() * 0.4) * 2 * Math.PI) / width,
    phase: random() * 7,
    size: rise / frequency ** 0.8,
  }))
  let path = `M0 ${height}`
  for (let x = 0; x <= width; x += 4) {
    let y = base
    for (const { frequency, phase, size } of waves) y -= Math.sin(x * frequency + phase) * size
    path += `L${x} ${y.toFixed(1)}`
  }
  return `${path}L${width} ${height}Z`
}
