import { Command, Option } from 'commander'
import { endOnClosedPipe } from '../closed-pipe.ts'
import { OperatorError } from '../operator-error.ts'
import { parseBoard, parseServer, parseToken } from '../parse.ts'
import { parseBoardAddress } from '../remote/board-option.ts'
import { openPictureFolder } from './import-folder.ts'
import { follow } from './import-follow.ts'
import { picturesOfTable } from './import-table.ts'
import { type Found, makeBoard, picturesThere, send, type Target } from './import-target.ts'

/** Makes the command that copies pictures onto a board of a running server. */
export function importCommand(): Command {
  return new Command('import')
    .description(
      "Copy pictures onto a board: those of a folder or a zip, as a board is saved, or of a tutorial's RethinkDB table.",
    )
    .argument(
      '<source>',
      'a folder, a zip, or rethinkdb://user:password@host:28015/<database>/<table>',
    )
    .addOption(
      new Option('--to <url>', 'the server that has the board (WIREPHOTO_URL names both)')
        .env('WIREPHOTO_TO')
        .default('http://localhost:8000')
        .argParser(parseServer),
    )
    .addOption(
      new Option(
        '--board <board>',
        'the board that they go onto (default: a new one for a folder or a zip, else main)',
      ).argParser(parseBoard),
    )
    .addOption(
      new Option('--token <secret>', 'what stands after # in a link that lets add')
        .env('WIREPHOTO_TOKEN')
        .argParser(parseToken),
    )
    .option('--follow', "go on with a table's changes: new, changed, moved and deleted pictures")
    .addHelpText(
      'after',
      `
With --follow the board goes on like the table until Ctrl-C. A second start adds nothing
twice, and makes up for what was changed, moved and deleted between the two.`,
    )
    .action(copy)
}

interface Options {
  readonly to: string
  readonly board?: string
  readonly token?: string
  readonly follow?: true
}

async function copy(source: string, given: Options, command: Command): Promise<void> {
  endOnClosedPipe()
  const options = { ...given, ...boardOfEnvironment(given, command) }
  const isTable = source.startsWith('rethinkdb:')
  if (options.follow && !isTable)
    throw new OperatorError(
      `${JSON.stringify(source)} is no table; --follow takes rethinkdb://…. For a folder, use wirephoto watch.`,
    )
  if (options.follow) return await follow(source, { board: 'main', ...options })
  if (isTable) return copyAll(picturesOfTable(source), { board: 'main', ...options })
  await using folder = await openPictureFolder(source)
  const { to, board, token } = options
  // A link's secret is for a board that is there.
  if (board !== undefined || token !== undefined)
    return await copyAll(folder.pictures(), { board: 'main', ...options })
  const made = await makeBoard(to, folder.title)
  // Said first: nobody would find the board again if copying broke off.
  say(`A new board. Its owner link: ${to}/b/${made.id}#${made.secret}`)
  await copyAll(folder.pictures(), { to, board: made.id, token: made.secret })
}

/** Returns the board of WIREPHOTO_URL, where no flag names a server. Without a path in it, only its server. */
function boardOfEnvironment({ board, token }: Options, command: Command): Partial<Options> {
  const address = process.env['WIREPHOTO_URL']
  if (!address || command.getOptionValueSource('to') !== 'default') return {}
  const named = parseBoardAddress(address)
  const hasBoard = new URL(address).pathname.includes('/b/')
  return {
    to: named.url,
    ...(hasBoard && board === undefined && { board: named.id }),
    ...(hasBoard && token === undefined && named.token !== undefined && { token: named.token }),
  }
}

async function copyAll(pictures: AsyncIterable<Found>, target: Target): Promise<void> {
  const there = await picturesThere(target)
  const counts = { copied: 0, known: 0, left: 0, refused: 0 }
  for await (const found of pictures)
    if ('why' in found) {
      counts.left++
      say(`Left ${found.source}: ${found.why}`)
    } else if (there.take(found.picture.name, found.picture.bytes.length)) counts.known++
    else {
      const { refusal, notices } = await send(found.picture, target)
      for (const { message } of notices) say(message)
      if (refusal === null) counts.copied++
      else {
        counts.refused++
        say(`Left ${found.source}: ${refusal}`)
      }
    }
  const { copied, known, left, refused } = counts
  say(
    `${copied} copied to ${target.to}/b/${target.board}, ${known} were there already, ${left + refused} left`,
  )
  if (refused > 0) process.exitCode = 1
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
