import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type ArchiveAnswer, WireError } from '@wirephoto/board'
import { Command, Option } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import { OperatorError } from '../operator-error.ts'
import { answerOf, ask, askFor, endingOf, NoAnswerError } from '../remote/ask.ts'
import { ABOUT_TOKEN, boardOption, type RemoteBoard } from '../remote/board-option.ts'
import { untilInterrupted } from '../remote/interrupt.ts'
import { persist } from '../remote/patience.ts'
import { SendReport } from '../remote/send-report.ts'
import { patienceOption, quietOption } from '../remote/sending-options.ts'
import { startedIn } from '../started-in.ts'
import { openSavedFiles } from './saved-folder.ts'

interface Options {
  readonly url: RemoteBoard
  readonly pictures?: boolean
  readonly patience: number
  readonly quiet?: boolean
}

/** A download that can go on, as it stands beside its part. */
interface Download extends Pick<ArchiveAnswer, 'path' | 'bytes' | 'absent'> {
  /** The server that has it. */
  readonly url: string
}

/** Makes the command that saves a board. */
export function exportCommand(): Command {
  return new Command('export')
    .description('Save a board: its pictures, with their places and texts, as a zip or a folder.')
    .argument('<target>', 'a new zip, as board.zip, or a new folder')
    .addOption(boardOption())
    .addOption(new Option('--pictures', 'only the pictures, without the page and the places'))
    .addOption(patienceOption())
    .addOption(quietOption())
    .addHelpText(
      'after',
      `${ABOUT_TOKEN}

The folder opens without a server (index.html), and comes back by wirephoto import.
After Ctrl-C the same command goes on from the byte that it has.

Exit code: 0 if all is saved, 1 if some pictures aren't, 2 for a mistake, 3 if no server
answers, 4 if the board refuses us, 130 after Ctrl-C.`,
    )
    .action(save)
}

async function save(target: string, options: Options): Promise<void> {
  const { url: board, quiet: isQuiet = false } = options
  const path = resolve(startedIn(), target)
  const isZip = /\.zip$/i.test(path)
  const found = await stat(path).catch(() => null)
  const isFree = !found || (!isZip && found.isDirectory() && (await readdir(path)).length === 0)
  if (!isFree) throw new OperatorError(`${target} is there already; name another one.`)
  const stop = untilInterrupted()
  const report = new SendReport({ isJson: false, isQuiet })
  const saver = new ArchiveSaver(isZip ? path : `${path}.zip`, options, stop)
  try {
    const { bytes, absent } = await saver.plan()
    const told = report.begin(target, bytes)
    await saver.fetch(told, (why) => report.wait(why))
    if (isZip) await saver.finish()
    else await saver.unpack(path)
    report.close('')
    if (absent.length === 0) return
    for (const { name, why } of absent) report.say(`${name}: ${ABSENCES[why]}`)
    process.exitCode = exitCodes.partly
  } catch (error) {
    report.close('')
    if (!stop.aborted) throw endingOf(board, error) ?? writingError(error, target)
    throw new OperatorError('Broken off. The same command goes on from there.', {
      exitCode: exitCodes.interrupted,
    })
  }
}

const ABSENCES = {
  gone: 'it is gone, and not saved',
  arriving: 'it is still on its way, and not saved',
  damaged: "it can't be read on the server, and isn't saved",
} as const satisfies Record<ArchiveAnswer['absent'][number]['why'], string>

/** Turns an error of the disk into a sentence; returns others as they are. */
function writingError(error: unknown, target: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC') return new OperatorError(`The disk of ${target} is full; make room there.`)
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOENT')
    return new OperatorError(`${target} can't be written; name another place.`)
  return error
}

/** Fetches the zip of a board beside its target, so that it can go on. */
class ArchiveSaver {
  readonly #zip: string
  readonly #part: string
  readonly #note: string
  readonly #options: Options
  readonly #signal: AbortSignal
  #download!: Download

  constructor(zip: string, options: Options, signal: AbortSignal) {
    this.#zip = zip
    this.#part = `${zip}.part`
    this.#note = `${zip}.part.json`
    this.#options = options
    this.#signal = signal
  }

  /** Goes on with a download that was begun, or begins one. */
  async plan(): Promise<Download> {
    const { url: board, pictures } = this.#options
    const form = pictures ? 'pictures' : 'folder'
    const begun = await this.#begun()
    if (
      begun?.url === board.url &&
      begun.path.includes(`/${board.id}/`) &&
      begun.path.includes('form=folder') === !pictures
    )
      this.#download = begun
    else {
      const planned = await askFor<ArchiveAnswer>(board, {
        method: 'POST',
        path: `/api/boards/${board.id}/archives`,
        json: { form },
        signal: this.#signal,
      })
      await rm(this.#part, { force: true })
      this.#download = { ...planned, url: board.url }
      await writeFile(this.#note, JSON.stringify(this.#download))
    }
    return this.#download
  }

  /** Fetches what is missing. */
  async fetch(onBytes: (bytes: number) => void, onWait: (why: unknown) => void): Promise<void> {
    const { patience: patienceMs } = this.#options
    let isAgain = false
    await persist(
      async (goesOn) => {
        try {
          await this.#fetchRest((bytes) => {
            goesOn()
            onBytes(bytes)
          })
        } catch (error) {
          // The server has forgotten it, or a picture is gone for good: the board as it is now is as good.
          const isGone =
            error instanceof WireError &&
            ['archive-gone', 'not-found', 'bad-request'].includes(error.code)
          if (!isGone || isAgain) throw error
          isAgain = true
          await rm(this.#note, { force: true })
          await this.plan()
          throw new NoAnswerError('Planned again', { cause: error })
        }
      },
      { signal: this.#signal, patienceMs, onWait },
    )
  }

  async #fetchRest(onBytes: (bytes: number) => void): Promise<void> {
    const { url: board } = this.#options
    const { path, bytes } = this.#download
    const start = (await stat(this.#part).catch(() => null))?.size ?? 0
    if (start === bytes) return
    const answer = await ask(board, {
      path,
      headers: { range: `bytes=${start}-` },
      signal: this.#signal,
    })
    const range = `bytes ${start}-${bytes - 1}/${bytes}`
    if (answer.statusCode !== 206 || answer.headers['content-range'] !== range) {
      await answerOf(board, answer)
      throw new WireError('archive-gone')
    }
    let received = start
    answer.on('data', (chunk: Buffer) => onBytes((received += chunk.length)))
    try {
      await pipeline(answer, createWriteStream(this.#part, { flags: 'a' }), {
        signal: this.#signal,
      })
    } catch (error) {
      // The disk's errors have a call that failed; else the connection broke.
      if ((error as NodeJS.ErrnoException).syscall === 'write') throw error
      throw new NoAnswerError('Broken off', { cause: error })
    }
    if (received !== bytes) throw new NoAnswerError('Broken off')
  }

  /** Gives the whole zip its name. */
  async finish(): Promise<void> {
    await rename(this.#part, this.#zip)
    await rm(this.#note)
  }

  /** Unpacks the zip into a new folder, which gets its name when it is whole. */
  async unpack(folder: string): Promise<void> {
    const place = `${folder}.part`
    await rm(place, { recursive: true, force: true })
    await mkdir(place, { recursive: true })
    {
      await using files = await openSavedFiles(this.#part)
      for (const name of files.paths) {
        this.#signal.throwIfAborted()
        const path = resolve(place, name)
        const content = await files.read(name)
        if (typeof content === 'string' || !path.startsWith(place + sep))
          throw new OperatorError(`${name} came damaged; remove ${this.#part} and save again.`)
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, content)
      }
    }
    if (existsSync(folder)) await rm(folder, { recursive: true })
    await rename(place, folder)
    await rm(this.#part)
    await rm(this.#note)
  }

  async #begun(): Promise<Download | null> {
    try {
      return JSON.parse(await readFile(this.#note, 'utf8')) as Download
    } catch {
      return null
    }
  }
}
