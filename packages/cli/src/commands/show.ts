import type { ImageRecord } from '@wirephoto/board'
import { Argument, Command, Option } from 'commander'
import { endOnClosedPipe } from '../closed-pipe.ts'
import { exitCodes } from '../exit-codes.ts'
import { askFor, endingOf } from '../remote/ask.ts'
import {
  ABOUT_TOKEN,
  boardOption,
  pageOf,
  parseBoardAddress,
  type RemoteBoard,
  tokenOf,
} from '../remote/board-option.ts'
import { untilInterrupted } from '../remote/interrupt.ts'

type ChangeKind = 'arriving' | 'stored' | 'replaced' | 'changed' | 'removed' | 'restored' | 'gone'

interface Options {
  readonly url: RemoteBoard
  readonly all?: boolean
  readonly json?: boolean
}

/** Makes the command that prints what arrives on a board. */
export function showCommand(): Command {
  return new Command('show')
    .description('Print what arrives on a board, until Ctrl-C.')
    .addArgument(
      new Argument('[board]', "the board's address or link (default: that of --url)").argParser(
        parseBoardAddress,
      ),
    )
    .addOption(boardOption())
    .addOption(new Option('--all', 'print the pictures first that are there'))
    .addOption(new Option('--json', 'print a line of JSON for each change, moves too'))
    .addHelpText(
      'after',
      `${ABOUT_TOKEN}

A line of JSON has "kind" (arriving, stored, replaced, changed, removed, restored or
gone), "id", the picture's record as "picture", and its file's
address as "fileUrl".

Exit code: 0 when nobody reads on, 2 for a mistake, 3 if no server answers, 4 if the
board refuses us, 130 after Ctrl-C.`,
    )
    .action(show)
}

async function show(address: RemoteBoard | undefined, options: Options): Promise<void> {
  const at = address ?? options.url
  const print = options.json ? printJson : printLine
  endOnClosedPipe(exitCodes.done)
  const signal = untilInterrupted()
  // Loaded late, so that --help and mistakes are answered at once.
  const { connect } = await import('@wirephoto/client')
  try {
    await askFor(at, { path: `/api/boards/${at.id}`, signal })
    await using board = await connect(pageOf(at), { ...tokenOf(at), isWall: true, signal })
    let isLive = true
    board.on('status', ({ connection, refused }) => {
      if (refused || (connection === 'live') === isLive) return
      isLive = connection === 'live'
      say(isLive ? 'The server is back.' : "The server doesn't answer. Waiting for it.")
    })
    const changes = board.changes({ signal })
    if (options.all)
      for (const picture of board.pictures.values())
        if (picture.blob !== null && picture.deletedAt === null) print(at, 'stored', picture)
    if (process.stderr.isTTY) say(`Waiting for pictures on ${pageOf(at)}. Ctrl-C ends.`)
    for await (const { old, new: now } of changes) print(at, kindOf(old, now), now ?? old!)
  } catch (error) {
    if (!signal.aborted) throw endingOf(at, error) ?? error
    process.exitCode = exitCodes.interrupted
  }
}

function kindOf(old: ImageRecord | null, now: ImageRecord | null): ChangeKind {
  if (!now) return 'gone'
  if (now.deletedAt !== null && old?.deletedAt === null) return 'removed'
  if (now.deletedAt === null && old && old.deletedAt !== null) return 'restored'
  if (now.blob === null) return old ? 'changed' : 'arriving'
  if (!old?.blob) return 'stored'
  return old.blob === now.blob ? 'changed' : 'replaced'
}

/** The kinds that are told to people: moves and boxes that fill are not. */
const TOLD: Readonly<Partial<Record<ChangeKind, string>>> = {
  stored: '',
  replaced: 'replaced',
  removed: 'deleted',
  restored: 'put back',
}

function printLine(at: RemoteBoard, kind: ChangeKind, picture: ImageRecord): void {
  const said = TOLD[kind]
  if (said === undefined) return
  const { name, caption, by, width, height, bytes, storedAt } = picture
  const time = new Date(kind === 'stored' ? (storedAt ?? Date.now()) : Date.now())
  const clock = time.toLocaleTimeString('en-GB')
  const facts = [
    by || null,
    name,
    `${width} × ${height}`,
    bytes === null ? null : sizeOf(bytes),
    caption === '' ? null : `"${caption.replaceAll('\n', ' ')}"`,
    said || urlOf(at, picture),
  ]
  process.stdout.write(`${clock}  ${facts.filter((fact) => fact !== null).join('  ')}\n`)
}

function printJson(at: RemoteBoard, kind: ChangeKind, picture: ImageRecord): void {
  const { id } = picture
  const fileUrl = urlOf(at, picture)
  process.stdout.write(`${JSON.stringify({ kind, id, fileUrl, picture })}\n`)
}

const urlOf = (at: RemoteBoard, { id }: ImageRecord): string =>
  `${at.url}/api/boards/${at.id}/images/${id}/file`

const sizeOf = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`

const say = (line: string): boolean => process.stderr.write(`${line}\n`)
