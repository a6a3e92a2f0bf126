import { openAsBlob } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, isAbsolute, parse, relative, resolve, sep } from 'node:path'
import { AgentError } from './agent-error.ts'

/** The folder from which an agent may add files, wherever links in it lead. */
export class LocalFiles {
  readonly #folder: string | null

  private constructor(folder: string | null) {
    this.#folder = folder
  }

  /**
   * Opens a folder. Without one it is the working folder, unless that is the home folder or the root: desktop programs
   * start there, and nobody has chosen it. Rejects with what reading it rejects with.
   */
  static async open(folder: string | undefined): Promise<LocalFiles> {
    const real = await realpath(folder ?? process.cwd())
    if (!(await stat(real)).isDirectory())
      throw new AgentError('unreadable', `${folder} is no folder.`)
    if (folder !== undefined) return new LocalFiles(real)
    const home = await realpath(homedir()).catch(() => homedir())
    return new LocalFiles(real === parse(real).root || real === home ? null : real)
  }

  /** Opens a file in the folder, to be read as it is sent. */
  async read(path: string): Promise<File> {
    if (this.#folder === null)
      throw new AgentError(
        'not-allowed',
        'No folder is open to you. Start wirephoto mcp with --folder, or give data.',
      )
    const real = await realpath(resolve(this.#folder, path)).catch((cause: unknown) => {
      throw new AgentError('unreadable', UNREADABLE, { cause })
    })
    const inside = relative(this.#folder, real)
    if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside))
      throw new AgentError('not-allowed', `Only files in ${this.#folder} can be added.`)
    try {
      if (!(await stat(real)).isFile()) throw new Error('no file')
      return new File([await openAsBlob(real)], basename(path))
    } catch (cause) {
      throw new AgentError('unreadable', UNREADABLE, { cause })
    }
  }
}

const UNREADABLE = 'There is no file that can be read at this path.'
