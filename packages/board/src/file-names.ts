import { limits } from './limits.ts'

/** Control characters, line separators, byte order marks, and marks that turn the direction of text. */
const INVISIBLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu

/** Makes a file name safe to show and download: no path, not empty, at most 255 UTF-16 units (F9). */
export function cleanName(name: string): string {
  const base = name.toWellFormed().split(/[/\\]/).at(-1)!
  const shown = base.replace(INVISIBLE, '').trim()
  const short = shown.slice(0, limits.fileNameLength).toWellFormed().trim()
  return /^\.*$/.test(short) ? 'picture' : short
}

/** Marks that turn the direction of all text after them, beyond the text that they stand in. */
const DIRECTION_CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g

/** Control characters but the tab and the line break. */
const CONTROLS = /(?![\t\n])\p{Cc}/gu
const SPACES = /[\t\n\v\f\r\u0085\u2028\u2029]+/g

/** Makes a caption, of one line or more, safe to stand in a sentence. */
export const cleanText = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replace(CONTROLS, '')
    .replace(DIRECTION_CONTROLS, '')

/** Makes a title or a person's name safe to stand in a sentence, on one line. */
export const cleanLine = (text: string): string => cleanText(text.replace(SPACES, ' '))
