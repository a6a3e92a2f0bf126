import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { drawPicture, type PictureOptions } from './pictures.ts'

const CORPORA_FOLDER = resolve(import.meta.dirname, '../../../shared/corpora')

/** Files to drop: real photographs where this machine has them, else drawn ones. */
export class SampleFiles {
  /** Whether `../shared/corpora` exists. */
  readonly hasCorpora: boolean
  readonly folder: string

  private constructor(real: boolean, folder: string) {
    this.hasCorpora = real
    this.folder = folder
  }

  static async open(): Promise<SampleFiles> {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-samples-'))
    const real = await access(CORPORA_FOLDER).then(
      () => true,
      () => false,
    )
    return new SampleFiles(real, folder)
  }

  /**
   * Returns the path of a file in the corpora. Without the corpora it draws a picture in its place.
   */
  async file(path: string, instead: PictureOptions = {}): Promise<string> {
    return this.hasCorpora
      ? join(CORPORA_FOLDER, path)
      : this.draw(path.split('/').at(-1)!, instead)
  }

  /** Returns a photo as phones take them: 12 megapixels, some megabytes. */
  photo(): Promise<string> {
    return this.file('photos/phone-12mp.jpg', { width: 4000, height: 3000, quality: 90 })
  }

  async draw(name: string, options: PictureOptions = {}): Promise<string> {
    return this.write(name, await drawPicture(options))
  }

  /** Writes a file and returns its path. */
  async write(name: string, content: Uint8Array | string): Promise<string> {
    const path = join(this.folder, name)
    await writeFile(path, content)
    return path
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}
