import { readFile } from 'node:fs/promises'

/** A JPEG XL whose pixels aren't decoded yet. */
interface OpenJxl {
  /** Pixels after orientation. */
  readonly width: number
  readonly height: number
  /** Whether more frames follow. */
  readonly isMoving: boolean
  /** Decodes the first frame, upright, as a PNG: sRGB, or with its own colour profile. */
  readonly draw: () => Uint8Array<ArrayBuffer>
}

/** Reads the header of a complete JPEG XL. Throws for one that is cut off. */
export async function openJxl(file: Uint8Array): Promise<OpenJxl> {
  const { initSync, JxlImage } = await import('jxl-oxide-wasm')
  initSync({ module: await readFile(new URL(import.meta.resolve('jxl-oxide-wasm/module.wasm'))) })
  const image = new JxlImage()
  image.forceSrgb = true
  image.feedBytes(file)
  if (!image.tryInit() || !image.loaded) throw new Error('is cut off')
  const { width, height } = image
  if (!width || !height) throw new Error('has no size')
  const isMoving = image.numLoadedKeyframes > 1
  return { width, height, isMoving, draw: () => new Uint8Array(image.render(0).encodeToPng()) }
}
