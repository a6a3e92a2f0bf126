import type { Size } from './shrink.ts'

// A file of its own, so that its code is fetched when something may be dropped.
export { readFileHeader } from '@wirephoto/client'

/** Loads a picture in an image element: the browser reads the file, and decodes later. Null if it can't. */
export async function sizeInBrowser(file: File): Promise<Size | null> {
  const image = new Image()
  image.src = URL.createObjectURL(file)
  await new Promise((resolve) => {
    image.onload = image.onerror = resolve
  })
  URL.revokeObjectURL(image.src)
  const { naturalWidth: width, naturalHeight: height } = image
  return width > 0 ? { width, height } : null
}
