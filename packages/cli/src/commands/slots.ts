import { pipeline } from 'node:stream/promises'
import { WireError } from '@wirephoto/board'
import type { ListedSlot, StoredFrame } from '@wirephoto/client'
import { Argument, Command, Option } from 'commander'
import { endOnClosedPipe } from '../closed-pipe.ts'
import { exitCodes } from '../exit-codes.ts'
import { OperatorError } from '../operator-error.ts'
import { answerOf, ask, askFor, endingOf } from '../remote/ask.ts'
import {
  ABOUT_TOKEN,
  boardOption,
  parseBoardAddress,
  type RemoteBoard,
} from '../remote/board-option.ts'
import { untilInterrupted } from '../remote/interrupt.ts'
import { parseSlotName } from '../remote/slot-name.ts'

interface Options {
  readonly url: RemoteBoard
  readonly read?: string
  readonly frames?: string
  readonly end?: string
  readonly json?: boolean
}

/** Makes the command that lists, reads and ends the live slots of a board. */
export function slotsCommand(): Command {
  return new Command('slots')
    .description('List the live slots of a board, read their frames, or end one.')
    .addArgument(
      new Argument('[board]', "the board's address or link (default: that of --url)").argParser(
        parseBoardAddress,
      ),
    )
    .addOption(boardOption())
    .addOption(
      new Option('--read <slot>', 'write the newest frame of a slot to stdout')
        .argParser(parseSlotName)
        .conflicts(['frames', 'end', 'json']),
    )
    .addOption(
      new Option('--frames <slot>', 'list the stored frames of a slot, the oldest first')
        .argParser(parseSlotName)
        .conflicts('end'),
    )
    .addOption(
      new Option('--end <slot>', 'end a slot: its tile stays as a plain picture').argParser(
        parseSlotName,
      ),
    )
    .addOption(new Option('--json', 'print a line of JSON for each slot or frame'))
    .addHelpText(
      'after',
      `${ABOUT_TOKEN}

  wirephoto slots --read garden > garden.jpg

A slot that is ended keeps its last frame. The stored ones before it go, and another
frame makes another tile.

Exit code: 0 if it is done, 2 for a mistake or a slot that isn't there, 3 if no server
answers, 4 if the board refuses us, 130 after Ctrl-C.`,
    )
    .action(slots)
}

async function slots(address: RemoteBoard | undefined, options: Options): Promise<void> {
  const at = address ?? options.url
  const { read, frames, end, json = false } = options
  if (read !== undefined && process.stdout.isTTY)
    throw new OperatorError('A picture goes to a file or a pipe; add > and a file after --read.')
  endOnClosedPipe(exitCodes.done)
  const signal = untilInterrupted()
  const path = `/api/boards/${at.id}/slots`
  try {
    if (read !== undefined) await writeNewest(at, `${path}/${read}`, signal)
    else if (end !== undefined) await endSlot(at, `${path}/${end}`, signal)
    else if (frames !== undefined) {
      const listed: { frames: readonly StoredFrame[] } = await askFor(at, {
        path: `${path}/${frames}/frames`,
        signal,
      })
      for (const frame of listed.frames) print(json ? JSON.stringify(frame) : lineOfFrame(frame))
    } else {
      const listed: { slots: readonly ListedSlot[] } = await askFor(at, { path, signal })
      for (const slot of listed.slots) print(json ? JSON.stringify(slot) : lineOfSlot(slot))
    }
  } catch (error) {
    if (signal.aborted) process.exitCode = exitCodes.interrupted
    else if (error instanceof WireError && error.code === 'not-found')
      throw new OperatorError(
        `There is no live slot ${read ?? frames ?? end} on this board; see wirephoto slots.`,
      )
    else throw endingOf(at, error) ?? error
  }
}

async function writeNewest(at: RemoteBoard, path: string, signal: AbortSignal): Promise<void> {
  const answer = await ask(at, { path, signal })
  if (answer.statusCode !== 200) await answerOf(at, answer)
  await pipeline(answer, process.stdout, { signal, end: false })
}

async function endSlot(at: RemoteBoard, path: string, signal: AbortSignal): Promise<void> {
  const answer = await ask(at, { method: 'DELETE', path, signal })
  if (answer.statusCode !== 204) await answerOf(at, answer)
  answer.resume()
}

function lineOfSlot({ name, lastFrameAt, isLate, intervalMs, frameUrl }: ListedSlot): string {
  const facts = [
    momentOf(lastFrameAt),
    isLate ? 'late' : 'live',
    intervalMs === null ? null : `every ${(intervalMs / 1000).toPrecision(2)} s`,
    name,
    frameUrl,
  ]
  return facts.filter((fact) => fact !== null).join('  ')
}

function lineOfFrame({ at, width, height, bytes, url }: StoredFrame): string {
  return [momentOf(at), `${width} × ${height}`, `${Math.ceil(bytes / 1e3)} kB`, url].join('  ')
}

/** Returns a moment in the time of this computer, to the second. */
const momentOf = (at: number): string => new Date(at).toLocaleString('sv-SE')

const print = (line: string): boolean => process.stdout.write(`${line}\n`)
