import { createReadStream, openAsBlob } from 'node:fs'
import { realpath, stat, watch as watchFolder } from 'node:fs/promises'
import { hostname } from 'node:os'
import { relative, resolve, sep } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import { OperatorError } from '../operator-error.ts'
import { parseDuration } from '../parse-remote.ts'
import { askFor, endingOf } from '../remote/ask.ts'
import { ABOUT_TOKEN, boardOption, type RemoteBoard } from '../remote/board-option.ts'
import { failureOf, IN_TRASH } from '../remote/file-failure.ts'
import { untilInterrupted } from '../remote/interrupt.ts'
import { filesIn } from '../remote/picture-files.ts'
import { derivedIds } from '../remote/picture-id.ts'
import { type FileOutcome, SendReport } from '../remote/send-report.ts'
import { byOption, jobsOption, quietOption } from '../remote/sending-options.ts'
import { putInPlace } from '../remote/store-picture.ts'
import { isWhole } from '../remote/whole-file.ts'
import { startedIn } from '../started-in.ts'

/** How often the folder is read, if the system tells of no change: it may lie on another machine. */
const RESCAN_MS = 5_000
/** The same while a file isn't quiet yet. */
const QUIET_POLL_MS = 200
/** The quiet time after which a file without its end is sent as it is. */
const NO_END_MS = 30_000
/** Files that are sent before the folder is read again. */
const BATCH_COUNT = 50

interface Options {
  readonly url: RemoteBoard
  readonly as?: string
  readonly by?: string
  readonly settle: number
  readonly jobs: number
  readonly json?: boolean
  readonly quiet?: boolean
}

/** Makes the command that keeps a board like a folder. */
export function watchCommand(): Command {
  return new Command('watch')
    .description('Keep on adding the pictures of a folder: new ones appear, changed ones replace.')
    .argument('<folder>', 'a folder, with those in it')
    .addOption(boardOption())
    .addOption(
      new Option(
        '--as <name>',
        "the folder's name, by which its pictures are known again (default: this computer's and its path)",
      ),
    )
    .addOption(byOption())
    .addOption(
      new Option('--settle <time>', 'how long a file must not have changed')
        .default(1_000, '1s')
        .argParser(parseDuration),
    )
    .addOption(jobsOption())
    .addOption(new Option('--json', 'print a line of JSON for each file'))
    .addOption(quietOption())
    .addHelpText(
      'after',
      `${ABOUT_TOKEN}

A file is sent once it is whole: unchanged for --settle, with the end that its kind has,
or without it after half a minute. A file that is deleted stays on the board.
A server that is away is waited for. Ctrl-C ends it, and a second start goes on.

Exit code: 2 for a mistake, 3 if no server answers at the start, 4 if the board refuses
us, 130 after Ctrl-C.`,
    )
    .action(watch)
}

async function watch(source: string, options: Options): Promise<void> {
  const { url: board, json: isJson = false, quiet: isQuiet = false } = options
  const folder = await realpath(resolve(startedIn(), source)).catch(() => null)
  if (!folder || !(await stat(folder)).isDirectory())
    throw new OperatorError(`There is no folder ${source}; name another one.`)
  const stop = untilInterrupted()
  const report = new SendReport({ isJson, isQuiet, namesEach: true })
  try {
    await askFor(board, { path: `/api/boards/${board.id}`, signal: stop })
    await new FolderWatch(folder, options, report, stop).run()
  } catch (error) {
    report.close('')
    if (stop.aborted) {
      process.exitCode = exitCodes.interrupted
      return
    }
    throw endingOf(board, error) ?? error
  }
}

/** A file of the folder, as it was last seen. */
interface SeenFile {
  readonly path: string
  /** Differs with each change. */
  version: string
  changedAtMs: number
  modifiedMs: number
  /** The version that was sent, or can't be. */
  handled: string | null
}

class FolderWatch {
  readonly #folder: string
  readonly #options: Options
  readonly #report: SendReport
  readonly #signal: AbortSignal
  readonly #files = new Map<string, SeenFile>()
  #wake = Promise.withResolvers<void>()

  constructor(folder: string, options: Options, report: SendReport, signal: AbortSignal) {
    this.#folder = folder
    this.#options = options
    this.#report = report
    this.#signal = signal
  }

  /** Goes on until the signal is aborted, or the board refuses us. */
  async run(): Promise<never> {
    this.#listen().catch(() => {
      // Some systems tell of no changes: the folder is read every few seconds anyway.
    })
    for (;;) {
      this.#wake = Promise.withResolvers()
      await this.#look()
      const { ready, isWaiting } = await this.#sort()
      await this.#sendAll(ready)
      if (ready.length > 0) continue
      const pause = setTimeout(isWaiting ? QUIET_POLL_MS : RESCAN_MS, undefined, {
        signal: this.#signal,
      })
      await Promise.race([pause, isWaiting ? pause : this.#wake.promise])
    }
  }

  async #listen(): Promise<void> {
    const events = watchFolder(this.#folder, { recursive: true, signal: this.#signal })
    for await (const _ of events) this.#wake.resolve()
  }

  /** Reads the folder. */
  async #look(): Promise<void> {
    const gone = new Set(this.#files.keys())
    for await (const found of filesIn(this.#folder)) {
      if ('why' in found) continue
      const { path } = found
      const stats = await stat(path).catch(() => null)
      if (!stats) continue
      gone.delete(path)
      const version = `${stats.size} ${stats.mtimeMs} ${stats.ino}`
      const known = this.#files.get(path)
      if (known?.version === version) continue
      // Before the start it may have been quiet for long.
      const quietMs = known ? 0 : Math.max(0, Date.now() - stats.mtimeMs)
      this.#files.set(path, {
        path,
        version,
        changedAtMs: performance.now() - quietMs,
        modifiedMs: stats.mtimeMs,
        handled: known?.handled ?? null,
      })
    }
    for (const path of gone) this.#files.delete(path)
  }

  /** Returns some files that shall be sent, and whether there are others that aren't whole yet. */
  async #sort(): Promise<{ ready: SeenFile[]; isWaiting: boolean }> {
    const ready: SeenFile[] = []
    let isWaiting = false
    for (const file of this.#files.values()) {
      if (file.handled === file.version) continue
      const quietMs = performance.now() - file.changedAtMs
      const isReady =
        quietMs >= this.#options.settle &&
        (quietMs >= NO_END_MS || (await isWhole(file.path).catch(() => false)))
      if (isReady) ready.push(file)
      else isWaiting = true
      if (ready.length === BATCH_COUNT) break
    }
    return { ready, isWaiting }
  }

  async #sendAll(files: readonly SeenFile[]): Promise<void> {
    const queue = files.values()
    const work = async () => {
      for (const file of queue) await this.#send(file)
    }
    await Promise.all(Array.from({ length: this.#options.jobs }, work))
  }

  async #send(file: SeenFile): Promise<void> {
    const { version } = file
    const source = relative(this.#folder, file.path)
    const outcome = await this.#outcomeOf(file, source.split(sep).join('/')).catch(
      (error: unknown) => {
        this.#signal.throwIfAborted()
        return failureOf(this.#options.url, error, false)
      },
    )
    // A file that changed meanwhile is looked at again.
    file.handled = version
    if (outcome) this.#report.end(source, outcome)
  }

  /** Resolves to null if the board has the file already. */
  async #outcomeOf(
    { path, modifiedMs, handled }: SeenFile,
    name: string,
  ): Promise<FileOutcome | null> {
    const { url: board, as = `${hostname()}:${this.#folder}`, by } = this.#options
    const { newPicture } = await import('@wirephoto/client')
    await newPicture(await openAsBlob(path), { name })
    const { size } = await stat(path)
    const { kind, picture } = await putInPlace(
      board,
      {
        ids: derivedIds('watch', board.id, as, name),
        name: name.split('/').at(-1)!,
        by,
        file: { bytes: size, open: () => createReadStream(path) },
        // A file that changed since it was sent is sent, even where its length and the clocks tell of none.
        isSame: ({ original, bytes, storedAt }) =>
          handled === null && (original?.bytes ?? bytes) === size && modifiedMs <= (storedAt ?? 0),
      },
      {
        signal: this.#signal,
        patienceMs: Number.POSITIVE_INFINITY,
        onSent: this.#report.begin(relative(this.#folder, path), size),
        onWait: (why) => this.#report.wait(why),
      },
    )
    if (picture.deletedAt !== null) return IN_TRASH
    return kind === 'there' ? null : { kind, picture }
  }
}
