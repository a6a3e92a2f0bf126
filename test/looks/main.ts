/**
 * `npm run looks` draws a sheet: each original as Chromium draws it, and what the board shows in its place,
 * with the difference under each. It takes the pictures that tests make, and `../shared/corpora` where
 * that is there. `npm run looks -- <folder> …` takes the files of these folders instead.
 *
 * `<<` marks a mean difference over 3 of 255. `(grain)` marks one that is gone in squares of 4 px: what WebP
 * does to the detail of 64 px.
 *
 * Two kinds are marked and right. Lines of colour that are thinner than 2 px at 64 px lose it: WebP halves the
 * resolution of colour. A moving AVIF is shown by its still picture (D8), and Chromium draws its first frame.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { launchBrowser } from '../support/browser.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { Comparer, type Comparison, differencePng, viewPng } from './compare.ts'
import { makeSamples, type Sample } from './samples.ts'
import { MAX_DIFFERENCE_UNITS } from './view.ts'

const CORPORA = resolve(import.meta.dirname, '../../../shared/corpora')
const OUT = resolve(import.meta.dirname, '../../bench/results/looks')

const folders = process.argv.slice(2)
const browser = await launchBrowser()
const server = await InProcessServer.open({ maxUpload: 100_000_000 })
try {
  const page = await browser.newPage()
  await using comparer = await Comparer.open(server, page)
  const rows: string[] = []
  for await (const sample of samples()) {
    const line = await rowOf(comparer, sample)
    if (line) rows.push(line)
  }
  await mkdir(OUT, { recursive: true })
  const html = `<!doctype html><meta charset="utf-8"><style>
    body { font: 13px sans-serif } td { padding: 4px 8px; vertical-align: top }
    img { display: block; image-rendering: pixelated } .far { color: #c00 }
    </style><table>${rows.join('\n')}</table>`
  await writeFile(join(OUT, 'index.html'), html)
  await page.setViewportSize({ width: 1200, height: 800 })
  await page.setContent(html)
  await writeFile(join(OUT, 'sheet.png'), await page.screenshot({ fullPage: true }))
  console.log(`${rows.length} pictures in ${relative(process.cwd(), OUT)}/index.html`)
} finally {
  await browser.close()
  await server.close()
}

async function* samples(): AsyncGenerator<Sample> {
  if (folders.length === 0) yield* await makeSamples()
  for (const folder of folders.length > 0 ? folders : [CORPORA]) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
    for (const entry of entries)
      if (entry.isFile()) {
        const bytes = await readFile(join(entry.parentPath, entry.name))
        yield { name: entry.name, bytes }
      }
  }
}

/** Compares a picture, prints what is found, and returns its row of the sheet; null for what isn't drawn. */
async function rowOf(comparer: Comparer, sample: Sample): Promise<string | null> {
  let comparison: Comparison | null
  try {
    comparison = await comparer.compare(sample)
  } catch (error) {
    console.log(`${sample.name}: refused, ${error instanceof Error ? error.message : error}`)
    return null
  }
  if (!comparison) {
    console.log(`${sample.name}: drawn by nothing here`)
    return null
  }
  const { name, original, drawnBy, looks, hasItsSize, blurDifference } = comparison
  const isOver = (value: number) => value > MAX_DIFFERENCE_UNITS
  const mark =
    looks.some(({ coarseDifference }) => isOver(coarseDifference)) || !hasItsSize
      ? '  <<'
      : looks.some(({ difference }) => isOver(difference))
        ? '  (grain)'
        : ''
  const facts = looks.map(({ label, difference }) => `${label} ${difference.toFixed(2)}`)
  const size = hasItsSize ? '' : ', another size'
  console.log(
    `${name} (${drawnBy}): ${facts.join(', ')}, blur ${blurDifference.toFixed(0)}${size}${mark}`,
  )
  const image = (png: Buffer) => `<img src="data:image/png;base64,${png.toString('base64')}">`
  const cells = await Promise.all(
    looks.map(async ({ label, view, difference, coarseDifference }) => {
      const far = isOver(coarseDifference) ? ' class="far"' : ''
      const pictures = [
        await viewPng(view.onWhite, view.small),
        await viewPng(view.onBlack, view.small),
        await differencePng(original, view),
      ]
      return `<td${far}>${label}: ${difference.toFixed(2)}${pictures.map(image).join('')}</td>`
    }),
  )
  const originals = [original.onWhite, original.onBlack].map((v) => viewPng(v, original.small))
  const first = (await Promise.all(originals)).map(image).join('')
  return `<tr><td>${escaped(name)}<br>${drawnBy}${size}</td><td>original${first}</td>${cells.join('')}</tr>`
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)
}
