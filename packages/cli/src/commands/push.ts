import { createReadStream, openAsBlob } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import { uuidv7 } from '@wirephoto/board'
import { Command, Option } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import { OperatorError } from '../operator-error.ts'
import { askFor, endingOf } from '../remote/ask.ts'
import { ABOUT_TOKEN, boardOption, pageOf, type RemoteBoard } from '../remote/board-option.ts'
import { failureOf, IN_TRASH } from '../remote/file-failure.ts'
import { untilInterrupted } from '../remote/interrupt.ts'
import { type FoundFile, fileOfInput, filesOf, type MissingFile } from '../remote/picture-files.ts'
import { bufferBytesFor, derivedIds, digestOf } from '../remote/picture-id.ts'
import { type FileOutcome, SendReport } from '../remote/send-report.ts'
import { byOption, jobsOption, patienceOption, quietOption } from '../remote/sending-options.ts'
import { storePicture } from '../remote/store-picture.ts'

interface Options {
  readonly url: RemoteBoard
  readonly jobs: number
  readonly patience: number
  readonly by?: string
  readonly caption?: string
  readonly name: string
  readonly again?: boolean
  readonly quiet?: boolean
  readonly json?: boolean
}

/** Makes the command that adds files to a board. */
export function pushCommand(): Command {
  return new Command('push')
    .description('Add pictures to a board: files, folders, patterns, or - for stdin.')
    .argument('<files...>', 'files, folders, quoted patterns as "plots/**/*.png", or - for stdin')
    .addOption(boardOption())
    .addOption(byOption())
    .addOption(new Option('--caption <text>', 'a caption for each of them'))
    .addOption(new Option('--name <name>', 'with -: the name of the picture').default('stdin'))
    .addOption(jobsOption())
    .addOption(new Option('--again', 'add them once more, also where they are there'))
    .addOption(patienceOption())
    .addOption(new Option('--json', 'print a line of JSON for each file'))
    .addOption(quietOption())
    .addHelpText(
      'after',
      `${ABOUT_TOKEN}

A file that is on the board already isn't added again, whatever it is called. So the
same command goes on after Ctrl-C, and over a server that is away for a while.
Files in folders that are no pictures are passed over.

Exit code: 0 if all are on the board, 1 if some aren't, 2 for a mistake, 3 if no server
answers, 4 if the board refuses us, 130 after Ctrl-C.`,
    )
    .action(push)
}

async function push(sources: readonly string[], options: Options): Promise<void> {
  const { url: board, json: isJson = false, quiet: isQuiet = false } = options
  const stop = untilInterrupted()
  const report = new SendReport({ isJson, isQuiet })
  const ended = new AbortController()
  const signal = AbortSignal.any([stop, ended.signal])
  await using inputs = new AsyncDisposableStack()
  try {
    // Tells at once that there is no such board, or no server.
    await askFor(board, { path: `/api/boards/${board.id}`, signal })
    if (process.stderr.isTTY && !isQuiet) countInBackground(sources, report)
    const files = allFiles(sources, { name: options.name, inputs, signal })
    const pusher = new Pusher(options, report, signal)
    const work = async () => {
      for await (const file of files) await pusher.push(file)
    }
    const workers = Array.from({ length: options.jobs }, work)
    await Promise.all(workers).catch(async (error: unknown) => {
      ended.abort()
      await Promise.allSettled(workers)
      throw error
    })
  } catch (error) {
    const sum = sumOf(report)
    if (stop.aborted) {
      report.close('')
      throw new OperatorError(`Broken off: ${sum}. The same command goes on from there.`, {
        exitCode: exitCodes.interrupted,
      })
    }
    report.close(sum)
    throw endingOf(board, error) ?? error
  }
  report.close(`${sumOf(report)}: ${pageOf(board)}`)
  if (report.counts.left > 0) process.exitCode = exitCodes.partly
}

/** Yields the files, and stdin in its place. */
async function* allFiles(
  sources: readonly string[],
  { name, inputs, signal }: { name: string; inputs: AsyncDisposableStack; signal: AbortSignal },
): AsyncGenerator<FoundFile | MissingFile> {
  for (const source of sources)
    if (source !== '-') yield* filesOf([source])
    else {
      yield inputs.use(await fileOfInput(name, signal))
    }
}

/** Counts the files while the first ones are sent. */
function countInBackground(sources: readonly string[], report: SendReport): void {
  const count = async () => {
    let files = 0
    for (const source of sources)
      if (source === '-') files++
      else for await (const _ of filesOf([source])) files++
    report.totalCount = files
  }
  // A folder that can't be read is told by the one that sends.
  count().catch(() => {})
}

/** Sends files to one board. */
class Pusher {
  readonly #options: Options
  readonly #report: SendReport
  readonly #signal: AbortSignal
  /** The files that are sent right now, by id: a copy of one waits for it. */
  readonly #inFlight = new Map<string, Promise<FileOutcome>>()

  constructor(options: Options, report: SendReport, signal: AbortSignal) {
    this.#options = options
    this.#report = report
    this.#signal = signal
  }

  async push(file: FoundFile | MissingFile): Promise<void> {
    this.#signal.throwIfAborted()
    const { source } = file
    if ('why' in file) return this.#report.end(source, { kind: 'left', why: file.why })
    this.#report.end(source, await this.#outcomeOf(file))
  }

  async #outcomeOf(file: FoundFile): Promise<FileOutcome> {
    try {
      const { path, name } = file
      await access(path, constants.R_OK)
      // Loaded late, so that --help and mistakes are answered at once.
      const { newPicture } = await import('@wirephoto/client')
      await newPicture(await openAsBlob(path), { name })
      const { url: board, again } = this.#options
      const facts = [board.id, await digestOf(path, this.#signal)]
      const ids = again ? [newId()] : derivedIds('push', ...facts)
      const id = ids[0]!
      await this.#inFlight.get(id)?.catch(() => {})
      const sending = this.#send(file, ids)
      this.#inFlight.set(id, sending)
      return await sending.finally(() => this.#inFlight.delete(id))
    } catch (error) {
      this.#signal.throwIfAborted()
      return failureOf(this.#options.url, error, file.isNamed)
    }
  }

  async #send({ source, path, name }: FoundFile, ids: readonly string[]): Promise<FileOutcome> {
    const { url: board, patience: patienceMs, by, caption } = this.#options
    const { size } = await stat(path)
    const highWaterMark = bufferBytesFor(size)
    const { isNew, picture } = await storePicture(
      board,
      {
        ids,
        name,
        by,
        caption,
        file: { bytes: size, open: () => createReadStream(path, { highWaterMark }) },
      },
      {
        signal: this.#signal,
        patienceMs,
        onSent: this.#report.begin(source, size),
        onWait: (why) => this.#report.wait(why),
      },
    )
    if (picture.deletedAt !== null) return IN_TRASH
    return { kind: isNew ? 'added' : 'there', picture }
  }
}

const newId = (): string => uuidv7(Date.now(), crypto.getRandomValues(new Uint8Array(10)))

function sumOf({ counts: { added, there, left, 'passed-over': passedOver } }: SendReport): string {
  const parts = [`${added} added`]
  if (there > 0) parts.push(`${there} were there already`)
  if (left > 0) parts.push(`${left} left`)
  if (passedOver > 0) parts.push(`${passedOver} no pictures`)
  return parts.join(', ')
}
