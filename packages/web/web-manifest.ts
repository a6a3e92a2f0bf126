import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import type { HtmlTagDescriptor, Plugin } from 'vite'
import { SHARE_PATH, SHARED_FIELD } from './src/offline/shared-files.ts'
import { words } from './src/words/page.ts'

const ICON = fileURLToPath(new URL('./src/look/icon.svg', import.meta.url))
const SIDES_PX = [192, 512]
/** Apple's devices cut no shape out of an icon, but show what is transparent as black. */
const APPLE_SIDE_PX = 180
/** The share of a maskable icon that every device shows is 80 % across. */
const MASKABLE_FACTOR = 0.62
const TRANSPARENT = { r: 0, g: 0, b: 0, alpha: 0 }

/**
 * Writes the web manifest, by which a browser offers to install the page, with its icons. All boards of a server share
 * it, and it names none. Addresses in it are seen from its own, so it holds under a path too.
 */
export function webManifest(): Plugin {
  return {
    name: 'web-manifest',
    apply: 'build',
    enforce: 'post',
    transformIndexHtml: {
      order: 'post',
      handler: () => [
        inHead('manifest', 'manifest.webmanifest'),
        inHead('apple-touch-icon', `icon-${APPLE_SIDE_PX}.png`),
      ],
    },
    async generateBundle(_options, bundle) {
      const index = bundle['index.html']
      const html = index?.type === 'asset' ? String(index.source) : ''
      const ground = /name="theme-color" content="(#\w+)"[^>]*light/.exec(html)?.[1]
      if (!ground) throw new Error('The page has no theme colour')
      const drawing = await readFile(ICON, 'utf8')
      const emit = (fileName: string, source: string | Uint8Array): void => {
        this.emitFile({ type: 'asset', fileName, source })
      }
      emit('icon.svg', drawing)
      for (const side of SIDES_PX) {
        emit(`icon-${side}.png`, await draw(drawing, side))
        emit(`icon-maskable-${side}.png`, await draw(drawing, side, ground))
      }
      emit(`icon-${APPLE_SIDE_PX}.png`, await draw(drawing, APPLE_SIDE_PX, ground))
      emit('manifest.webmanifest', JSON.stringify(manifest(ground), null, 2))
    },
  }
}

const inHead = (rel: string, file: string): HtmlTagDescriptor => ({
  tag: 'link',
  attrs: { rel, href: `./${file}` },
  injectTo: 'head',
})

const manifest = (ground: string): object => ({
  name: words.product,
  short_name: words.product,
  lang: 'en',
  start_url: './',
  scope: './',
  display: 'standalone',
  // The page's own tags follow the look by night.
  theme_color: ground,
  background_color: ground,
  icons: [
    { src: './icon.svg', sizes: 'any', type: 'image/svg+xml' },
    ...SIDES_PX.flatMap((side) => [
      { src: `./icon-${side}.png`, sizes: `${side}x${side}`, type: 'image/png' },
      {
        src: `./icon-maskable-${side}.png`,
        sizes: `${side}x${side}`,
        type: 'image/png',
        purpose: 'maskable',
      },
    ]),
  ],
  share_target: {
    action: `./${SHARE_PATH}`,
    method: 'POST',
    enctype: 'multipart/form-data',
    params: { files: [{ name: SHARED_FIELD, accept: ['image/*', '.heic', '.heif'] }] },
  },
})

/** Draws the icon by day: alone, or smaller on a ground, so that no shape that is cut out of it cuts the icon. */
async function draw(drawing: string, side: number, ground?: string): Promise<Uint8Array> {
  const byDay = drawing.replace(/@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}/, '')
  const inner = ground === undefined ? side : Math.round(side * MASKABLE_FACTOR)
  const icon = await sharp(Buffer.from(byDay), { density: (72 * inner) / 32 })
    .resize(inner, inner)
    .png()
    .toBuffer()
  const background = ground ?? TRANSPARENT
  return sharp({ create: { width: side, height: side, channels: 4, background } })
    .composite([{ input: icon }])
    .png({ palette: true })
    .toBuffer()
}
