import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { test } from 'node:test'
import {
  noticeMessages,
  refusedKinds,
  type TakenKind,
  takenKinds,
  textKind,
} from '@wirephoto/board'
import { KEPT_APPLICATIONS } from './gif.ts'
import { KEPT_BOXES as HEIF_BOXES } from './heif.ts'
import { KEPT_BOXES as JXL_BOXES } from './jxl.ts'
import { KEPT_CHUNKS as PNG_CHUNKS } from './png.ts'
import { KEPT_TAGS } from './tiff.ts'
import { KEPT_CHUNKS as WEBP_CHUNKS } from './webp.ts'

const PAGE = resolve(import.meta.dirname, '../../../../../docs/put-it-in.md')

/** Returns the rows below a heading, each as its cells. */
async function rowsOf(heading: string): Promise<string[][]> {
  const text = await readFile(PAGE, 'utf8')
  const section = text.split(/^## /m).find((each) => each.startsWith(`${heading}\n`))
  assert.ok(section, heading)
  return Array.from(section.matchAll(/^\| (.*) \|$/gm), ([, row]) => row!.split(' | ')).slice(1)
}

function megapixels({ maxPixels, maxWholePixels }: TakenKind): string {
  if (maxPixels === Number.POSITIVE_INFINITY) return 'any'
  const most = String(maxPixels / 1e6)
  const whole = maxWholePixels / 1e6
  return maxWholePixels < maxPixels ? `${most}; ${whole} if progressive or interlaced` : most
}

test('U21: the document tells every kind that is taken, with its limits, and no other', async () => {
  const told = (await rowsOf('What is taken')).map((cells) => cells.slice(0, 3))
  const kinds = takenKinds.map((kind) => [kind.name, kind.extensions.join(' '), megapixels(kind)])
  assert.deepEqual(told, kinds)
})

test('U21: the document tells every kind that is refused, with its way on', async () => {
  const kinds = [...refusedKinds, textKind].map(({ name, code, extensions, wayOn }) => [
    name,
    `\`${code}\``,
    extensions.join(' '),
    wayOn,
  ])
  assert.deepEqual(await rowsOf('What is refused'), kinds)
})

test('U21: the document tells every notice', async () => {
  const told = Object.entries(noticeMessages).map(([code, sentence]) => [
    `\`${code}\``,
    sentence({ name: 'IMG_1', missing: ['…'] }),
  ])
  assert.deepEqual(await rowsOf('What its sender is told'), told)
})

test('U21, M1: the document tells every part that scrubbing keeps', async () => {
  const told = Object.fromEntries(await rowsOf('Parts that stay, by format')) as Record<
    string,
    string
  >
  for (const [format, parts] of [
    ['PNG', [...PNG_CHUNKS.keys()]],
    ['GIF', KEPT_APPLICATIONS],
    ['WebP', Object.keys(WEBP_CHUNKS)],
    ['AVIF, HEIC', [...HEIF_BOXES]],
    ['JPEG XL', [...JXL_BOXES]],
    ['TIFF', [...KEPT_TAGS].map(String)],
  ] as const) {
    const [list] = told[format]!.split('; ').filter((part) => part.includes(parts[0]!.trim()))
    const listed = list!.split(' ').sort()
    assert.deepEqual(listed, parts.map((part) => part.trim()).sort(), format)
  }
  const formats = Object.keys(told).flatMap((format) => format.split(', '))
  assert.deepEqual(formats.sort(), takenKinds.map(({ name }) => name).sort())
})
