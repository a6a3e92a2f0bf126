import { readFileHeader, readFileStart } from '@wirephoto/client'
import type { Size } from './shrink.ts'

// A file of its own, so that its code is fetched when something may be dropped.

/** The begin of a file, which is read before the file is added. */
export interface FileStart {
  /** Its first bytes. Rejects if the file can't be read. */
  readonly bytes: Promise<ArrayBuffer>
  /**
   * Measures it, upright: by its header or, where that leaves a doubt, by loading what is sent: the file, or another
   * in its place. Null if it can't be read.
   */
  readonly measure: (sent: File) => Promise<Size | null>
}

export type FileStarts = ReadonlyMap<File, FileStart>

/** Reads the first bytes of files, each once: in some browsers a slice of a file holds the page up. */
export const readStarts = (files: readonly File[]): FileStarts =>
  new Map(
    files.map((file) => {
      const bytes = readFileStart(file)
      const size = readFileHeader(file, bytes)
      const measure = async (sent: File) => (await size) ?? sizeInBrowser(sent)
      return [file, { bytes, measure }]
    }),
  )

/** Loads a picture in an image element: the browser reads the file, and decodes later. Null if it can't. */
async function sizeInBrowser(file: File): Promise<Size | null> {
  const image = new Image()
  image.src = URL.createObjectURL(file)
  await new Promise((resolve) => {
    image.onload = image.onerror = resolve
  })
  URL.revokeObjectURL(image.src)
  const { naturalWidth: width, naturalHeight: height } = image
  return width > 0 ? { width, height } : null
}
