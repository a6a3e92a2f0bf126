import { readFile, writeFile } from 'node:fs/promises'
import { scrubSvg } from '../metadata/svg.ts'
import { svgGaps } from './svg-gaps.ts'

export interface SvgSource {
  /** The parts that aren't drawn, as people call them. */
  readonly missing: readonly string[]
  /** Whether the source lies at `to`. One that can't be scrubbed doesn't. */
  readonly isKept: boolean
}

/** Writes the source of an SVG to `to`, scrubbed unless its board keeps metadata. */
export async function keepSvgSource(input: {
  path: string
  to: string
  keepMetadata: boolean
}): Promise<SvgSource> {
  const svg = await readFile(input.path)
  const missing = svgGaps(svg)
  const source = input.keepMetadata ? svg : scrubSvg(svg)
  if (source) await writeFile(input.to, source)
  return { missing, isKept: source !== null }
}
