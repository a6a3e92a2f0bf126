import { cleanLine, cleanName, type MediaType } from '@wirephoto/board'

/** The longest name that every file system takes. */
const NAME_BYTES = 255
/** Bytes that stay free for what makes a name unique, such as ` (19999)` or `_`. */
const SUFFIX_BYTES = 9
/** An ending longer than this is a part of the name. */
const MAX_EXTENSION_BYTES = 12

/** Characters that Windows refuses, and `/`, which no system takes. */
const RESERVED = /[<>:"/\\|?*]/g
/** Characters without a shape of their own, by which one name could pass for another. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
/** Joiners make one sign of several: of emoji, and of letters in some scripts. */
const JOINERS = /[\u200c\u200d]/
/** Names of devices on Windows, whatever ending they have. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])[ ]*(?:\.|$)/i

/** The endings that a file of each type may have; the first is given to one that has another. */
const EXTENSIONS: Record<MediaType, readonly [string, ...string[]]> = {
  'image/jpeg': ['jpg', 'jpeg', 'jpe', 'jfif'],
  'image/png': ['png', 'apng'],
  'image/gif': ['gif'],
  'image/webp': ['webp'],
  'image/avif': ['avif'],
  'image/heic': ['heic', 'heif', 'hif'],
  'image/jxl': ['jxl'],
  'image/tiff': ['tif', 'tiff'],
  'image/bmp': ['bmp', 'dib'],
  'image/svg+xml': ['svg'],
  'image/vnd.adobe.photoshop': ['psd', 'psb'],
}

/** A picture's file, as its sender named it. */
export interface NamedPicture {
  /** The author's name; empty for none. */
  readonly by: string
  readonly name: string
  readonly type: MediaType
}

/**
 * Names the files of one folder: `<author> - IMG_2201.jpg`. Each name is safe on every system, and none differs from
 * another by case or by Unicode's forms alone. The same pictures in the same order get the same names.
 */
export class EntryNames {
  readonly #taken = new Set<string>()

  /** Returns the name of a picture's file, with an ending that its type has (F9). */
  of({ by, name, type }: NamedPicture): string {
    const author = cleanLine(by).trim()
    const [stem, extension] = split(safe(cleanName(name)))
    const [first] = EXTENSIONS[type]
    const isOwn = EXTENSIONS[type].includes(extension.toLowerCase())
    const rest = isOwn || extension === '' ? stem : `${stem}.${extension}`
    return this.#claim(author ? `${author} - ${rest}` : rest, isOwn ? extension : first)
  }

  /** Takes a name that is given already, so that no picture gets it. */
  reserve(name: string): void {
    this.#taken.add(keyOf(name))
  }

  #claim(stem: string, extension: string): string {
    const room = NAME_BYTES - SUFFIX_BYTES - Buffer.byteLength(extension) - 1
    const shown = shorten(safe(stem), room) || 'picture'
    const kept = DEVICE.test(shown) ? `_${shown}` : shown
    for (let number = 1; ; number++) {
      const name = `${number === 1 ? kept : `${kept} (${number})`}.${extension}`
      const key = keyOf(name)
      if (this.#taken.has(key)) continue
      this.#taken.add(key)
      return name
    }
  }
}

/** Returns the key by which file systems that ignore case, or Unicode's forms, tell names apart. */
const keyOf = (name: string): string => name.normalize('NFC').toUpperCase().toLowerCase()

/** Makes a name, or a part of one, safe on every system. It may end up empty. */
function safe(text: string): string {
  return (
    text
      .toWellFormed()
      .normalize('NFC')
      .replace(INVISIBLE, (each) => (JOINERS.test(each) ? each : ''))
      .replace(RESERVED, '_')
      // Dots in front hide a file, and Windows drops dots and spaces at the end.
      .replace(/^[\s.]+|[\s.]+$/g, '')
  )
}

/** Splits a name into its stem and its ending, without the dot between them. */
function split(name: string): [stem: string, extension: string] {
  const [, stem, extension] = /^(.+)\.([\p{L}\p{N}]+)$/u.exec(name) ?? []
  if (stem === undefined || extension === undefined) return [name, '']
  return Buffer.byteLength(extension) > MAX_EXTENSION_BYTES ? [name, ''] : [stem, extension]
}

/** Cuts a text to so many bytes of UTF-8, between whole characters as people count them. */
function shorten(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text
  let short = ''
  let bytes = 0
  for (const { segment } of new Intl.Segmenter('en').segment(text)) {
    bytes += Buffer.byteLength(segment)
    if (bytes > maxBytes) break
    short += segment
  }
  return safe(short)
}
