import type { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { WireError } from '@wirephoto/board'
import { Command, Option } from 'commander'
import { endOnClosedPipe } from '../closed-pipe.ts'
import { exitCodes } from '../exit-codes.ts'
import { OperatorError } from '../operator-error.ts'
import { parseDuration } from '../parse-remote.ts'
import { askFor, endingOf } from '../remote/ask.ts'
import {
  ABOUT_TOKEN,
  boardOption,
  pageOf,
  type RemoteBoard,
  tokenOf,
} from '../remote/board-option.ts'
import { framesIn } from '../remote/frames.ts'
import { untilInterrupted } from '../remote/interrupt.ts'
import { ShellCommand } from '../remote/shell-command.ts'
import { parseSlotName } from '../remote/slot-name.ts'

/** Pause before a camera that has broken off is asked again. */
const RECONNECT_PAUSE_MS = 2_000
/** Time that a camera has for the first byte. */
const CAMERA_TIMEOUT_MS = 15_000

interface Options {
  readonly url: RemoteBoard
  readonly from?: URL
  readonly command?: string
  readonly every: number
  readonly json?: boolean
}

/** Makes the command that shows frames on a live slot. */
export function liveCommand(): Command {
  return new Command('live')
    .description(
      'Show a camera, a plot or a stream on one tile, whose picture each frame replaces.',
    )
    .argument('<slot>', "the slot's name, as loss or garden")
    .addOption(boardOption())
    .addOption(
      new Option('--from <address>', 'a picture or an MJPEG stream, as http://cam/snap.jpg')
        .argParser(parseSource)
        .conflicts('command'),
    )
    .addOption(new Option('--command <line>', 'a shell command that prints pictures'))
    .addOption(
      new Option('--every <time>', 'pause before the picture is fetched, or the command run, again')
        .default(10_000, '10s')
        .argParser(parseDuration),
    )
    .addOption(new Option('--json', 'print a line of JSON for each frame that is shown'))
    .addHelpText(
      'after',
      `${ABOUT_TOKEN}

Without --from and --command, frames come from stdin: MJPEG, or JPEG, PNG and WebP
pictures one after the other. Frames that come faster than they can be sent are skipped;
the latest is shown.

Exit code: 0 after the last frame of stdin, 1 if none could be shown, 2 for a mistake,
3 if no server answers, 4 if the board refuses us, 130 after Ctrl-C.`,
    )
    .action(live)
}

/** Parses the address of a camera. */
function parseSource(text: string): URL {
  const url = URL.parse(text)
  if (url && /^https?:$/.test(url.protocol)) return url
  throw new OperatorError(
    `${JSON.stringify(text)} is no address; give --from one as http://cam/snap.jpg.`,
  )
}

async function live(name: string, options: Options): Promise<void> {
  const { url: at, json = false } = options
  parseSlotName(name)
  if (!options.from && options.command === undefined && process.stdin.isTTY)
    throw new OperatorError('Frames come from stdin; give some there, or --from, or --command.')
  endOnClosedPipe()
  const stop = untilInterrupted()
  // Loaded late, so that --help and mistakes are answered at once.
  const { connect, Slot } = await import('@wirephoto/client')
  try {
    await askFor(at, { path: `/api/boards/${at.id}`, signal: stop })
    await using board = await connect(pageOf(at), { ...tokenOf(at), signal: stop })
    const ended = new AbortController()
    board.on('status', ({ refused }) => {
      if (refused) ended.abort(new WireError(refused.code))
    })
    const signal = AbortSignal.any([stop, ended.signal])
    const sender = new FrameSender(at, new Slot(board, name), json)
    for await (const frame of framesOf(options, signal)) {
      signal.throwIfAborted()
      sender.push(frame)
      if (sender.ending) throw sender.ending
    }
    await sender.end()
  } catch (error) {
    if (!stop.aborted) throw endingOf(at, error) ?? error
    process.exitCode = exitCodes.interrupted
  }
}

/** Yields the frames of stdin until its end, and those of a camera or command for ever. */
async function* framesOf(
  { from, command, every }: Options,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  if (!from && command === undefined) return yield* framesIn(abortable(process.stdin, signal))
  for (;;) {
    let pauseMs = every
    try {
      yield* from ? framesAt(from, signal) : framesFrom(command!, signal)
    } catch (error) {
      signal.throwIfAborted()
      say(error instanceof OperatorError ? error.message : `${from?.host} doesn't answer.`)
      pauseMs = Math.max(every, RECONNECT_PAUSE_MS)
    }
    await setTimeout(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/** Ends a stream that nobody waits for any more. */
async function* abortable(stream: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const end = () => stream.destroy()
  signal.addEventListener('abort', end, { once: true })
  try {
    for await (const chunk of stream) yield chunk as Buffer
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', end)
  }
  signal.throwIfAborted()
}

/** Fetches a picture, or a stream of them. A name and password in the address go as cameras want them. */
async function* framesAt(address: URL, signal: AbortSignal): AsyncGenerator<Buffer> {
  const url = new URL(address)
  const [user, password] = [url.username, url.password].map(decodeURIComponent)
  url.username = ''
  url.password = ''
  const headers: Record<string, string> = user
    ? { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
    : {}
  const late = new AbortController()
  const timer = globalThis.setTimeout(() => late.abort(), CAMERA_TIMEOUT_MS)
  let count = 0
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.any([signal, late.signal]) })
    clearTimeout(timer)
    if (!response.ok) throw new OperatorError(`${url.host} answers ${response.status}.`)
    for await (const frame of framesIn(response.body!)) {
      count++
      yield frame
    }
  } finally {
    clearTimeout(timer)
  }
  if (count === 0) throw new OperatorError(`${url.host} sends no JPEG, PNG or WebP picture.`)
}

/** Runs a command, and takes the pictures that it prints. It ends with all that it has started. */
async function* framesFrom(line: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  const command = new ShellCommand(line)
  let code: number | null = null
  let count = 0
  try {
    for await (const frame of framesIn(abortable(command.stdout, signal))) {
      count++
      yield frame
    }
    code = await orAborted(command.ended, signal)
  } finally {
    await command.end()
  }
  if (code !== 0) throw new OperatorError(`The command ended with ${code}.`)
  if (count === 0) throw new OperatorError('The command printed no JPEG, PNG or WebP picture.')
}

/** Resolves as a promise does, or rejects when the signal is aborted. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    signal.throwIfAborted()
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** The part of the SDK's `Slot` that is used here. */
interface FrameSlot {
  push(frame: Uint8Array<ArrayBuffer>): Promise<boolean>
}

/** Sends frames as fast as the server takes them, and says once what it doesn't take. */
class FrameSender {
  /** The error that ends the command, once there is one. */
  ending: unknown = null
  readonly #at: RemoteBoard
  readonly #slot: FrameSlot
  readonly #isJson: boolean
  #latest: Promise<void> = Promise.resolve()
  #shownCount = 0
  #said = ''

  constructor(at: RemoteBoard, slot: FrameSlot, isJson: boolean) {
    this.#at = at
    this.#slot = slot
    this.#isJson = isJson
  }

  push(frame: Buffer): void {
    // Nobody waits for a frame: the slot keeps the latest.
    this.#latest = this.#slot.push(new Uint8Array(frame)).then(
      (isShown) => this.#shown(isShown, frame.length),
      (error: unknown) => this.#refused(error),
    )
  }

  /** Resolves when the last frame is sent. */
  async end(): Promise<void> {
    await this.#latest
    if (this.ending) throw this.ending
    if (this.#shownCount > 0) return
    if (this.#said === '') say('No JPEG, PNG or WebP picture came.')
    process.exitCode = exitCodes.partly
  }

  #shown(isShown: boolean, bytes: number): void {
    if (!isShown) return
    this.#shownCount++
    this.#said = ''
    if (this.#isJson)
      process.stdout.write(`${JSON.stringify({ frame: this.#shownCount, bytes })}\n`)
  }

  #refused(error: unknown): void {
    const { code, message } = error as Error & { code?: string }
    // A slot takes so many frames a second: the next one is as good.
    if (code === 'too-many') return
    const ending = code === undefined ? null : endingOf(this.#at, error)
    if (ending && ending.exitCode !== exitCodes.partly) this.ending = error
    const sentence =
      error instanceof WireError
        ? message
        : "The server doesn't answer. Trying with the next frame."
    if (sentence !== this.#said && !this.ending) say(sentence)
    this.#said = sentence
  }
}

const say = (line: string): boolean => process.stderr.write(`${line}\n`)
