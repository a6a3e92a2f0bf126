import { canReadCanvas } from '../browser/canvas.ts'
import { type PictureRef, printOf, rememberCopied } from './copied.ts'

/** Copies text. Plain-http pages have no clipboard API, so `execCommand` stands in. False if both fail. */
export async function copyText(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text)
      return true
    }
  } catch {
    // Refused, or the page isn't in front. The command may still be allowed.
  }
  const area = document.createElement('textarea')
  area.value = text
  area.readOnly = true
  area.style.cssText = 'position:fixed;inset:0 auto auto 0;opacity:0'
  const focused = document.activeElement
  document.body.append(area)
  area.select()
  try {
    return document.execCommand('copy')
  } catch {
    return false
  } finally {
    area.remove()
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true })
  }
}

/** Whether this page may ask for what the clipboard has. Plain-http pages may not. */
export const canReadClipboard = (): boolean => typeof navigator.clipboard?.read === 'function'

/** Reads the clipboard's files and texts. Rejects if the person or the browser refuses. */
export async function readClipboard(): Promise<{ files: File[]; data: Map<string, string> }> {
  const files: File[] = []
  const data = new Map<string, string>()
  for (const item of await navigator.clipboard.read())
    for (const type of item.types) {
      const blob = await item.getType(type)
      if (type.startsWith('image/'))
        files.push(new File([blob], `image.${type.slice(6)}`, { type }))
      else data.set(type, await blob.text())
    }
  return { files, data }
}

/** Whether this page may put pictures on the clipboard. Plain-http pages may not. */
export const canCopyPictures = (): boolean =>
  'clipboard' in navigator && typeof ClipboardItem !== 'undefined'

/**
 * Puts a picture on the clipboard as PNG, the one type that every browser takes. On boards of this server it
 * stands for all of `pictures`. False if refused.
 */
export async function copyPicture(
  address: string,
  pictures: readonly PictureRef[],
): Promise<boolean> {
  let print = ''
  const png = async (): Promise<Blob> => {
    const response = await fetch(address)
    if (!response.ok) throw new Error(`The picture can't be had: ${response.status}`)
    const blob = await response.blob()
    if (!canReadCanvas()) {
      if (blob.type === 'image/png') return blob
      throw new Error('Noise would be copied in place of the picture')
    }
    const canvas = await draw(blob)
    print = await printOf(canvas)
    return await pngOf(canvas)
  }
  try {
    // Safari needs the promise itself: after an await, the call no longer counts as the person's.
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': png() })])
    if (print) rememberCopied({ pictures, print })
    return true
  } catch {
    return false
  }
}

/** Every browser can draw a canvas of this size. */
const MAX_CANVAS_SIDE_PX = 4_096

async function draw(blob: Blob): Promise<HTMLCanvasElement> {
  const bitmap = await createImageBitmap(blob)
  const scale = Math.min(1, MAX_CANVAS_SIDE_PX / Math.max(bitmap.width, bitmap.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(bitmap.width * scale)
  canvas.height = Math.round(bitmap.height * scale)
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  bitmap.close()
  return canvas
}

const pngOf = (canvas: HTMLCanvasElement): Promise<Blob> =>
  new Promise((resolve, reject) => {
    canvas.toBlob((drawn) => (drawn ? resolve(drawn) : reject(new Error('Nothing was drawn'))))
  })
