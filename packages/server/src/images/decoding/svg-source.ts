import { readFile, writeFile } from 'node:fs/promises'
import { SVG_DRAWING_END, SVG_DRAWING_START } from '@wirephoto/board'
import { Scrubber } from '../metadata/scrubber.ts'
import { scrubSvg } from '../metadata/svg.ts'
import { svgGaps } from './svg-gaps.ts'

interface Input {
  /** Path of the SVG as it was sent. */
  readonly path: string
  /** Paths for the PNG that its sender has drawn, and for the source. */
  readonly drawing: string
  readonly source: string
  readonly keepMetadata: boolean
}

export interface SvgSource {
  /** Whether the sender's drawing lies at `drawing`. */
  readonly isDrawn: boolean
  /** Whether the source lies at `source`. One that can't be scrubbed doesn't. */
  readonly isKept: boolean
  /** The parts that aren't drawn, as people call them. */
  readonly missing: readonly string[]
}

/**
 * Takes an SVG's file apart: the picture that its sender's browser has drawn, and the source. Both are scrubbed
 * unless the board keeps metadata. `isReadable` says whether the SVG's parser understands it.
 */
export async function takeSvgApart(
  { path, drawing: drawingPath, source: sourcePath, keepMetadata }: Input,
  isReadable: (svg: Buffer) => Promise<boolean>,
): Promise<SvgSource> {
  const { svg, drawing } = splitDrawing(await readFile(path))
  if (drawing) await writeFile(drawingPath, keepMetadata ? drawing : scrubPng(drawing))
  const isDrawn = drawing !== null
  // Its marks can only be told apart, and in little time, where it is well formed.
  if (!(await isReadable(svg))) return { isDrawn, isKept: false, missing: [] }
  const source = keepMetadata ? svg : scrubSvg(svg)
  if (source) await writeFile(sourcePath, source)
  const missing = svgGaps(svg, isDrawn ? 'browser' : 'server')
  return { isDrawn, isKept: source !== null, missing }
}

/** Splits the file that a page sends; `drawing` is null in anybody else's. */
function splitDrawing(file: Buffer): { svg: Buffer; drawing: Buffer | null } {
  const start = file.lastIndexOf(SVG_DRAWING_START)
  const comment = start < 0 ? '' : file.toString('latin1', start + SVG_DRAWING_START.length)
  const end = comment.indexOf(SVG_DRAWING_END)
  const code = end < 0 ? '' : comment.slice(0, end)
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(code)) return { svg: file, drawing: null }
  return { svg: file.subarray(0, start), drawing: Buffer.from(code, 'base64') }
}

function scrubPng(png: Buffer): Buffer {
  const scrubber = new Scrubber()
  return Buffer.concat([scrubber.scrub(png), scrubber.end()])
}
