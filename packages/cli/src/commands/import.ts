import { Command, Option } from 'commander'
import { endOnClosedPipe } from '../closed-pipe.ts'
import { parseBoard, parseServer, parseToken } from '../parse.ts'
import { picturesOfFolder } from './import-folder.ts'
import { picturesOfTable } from './import-table.ts'
import { picturesThere, send, type Target } from './import-target.ts'

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
      new Option('--to <url>', 'the server that has the board')
        .env('WIREPHOTO_TO')
        .default('http://localhost:8000')
        .argParser(parseServer),
    )
    .addOption(
      new Option('--board <board>', 'the board that they go onto')
        .default('main')
        .argParser(parseBoard),
    )
    .addOption(
      new Option('--token <secret>', 'what stands after # in a link that lets add')
        .env('WIREPHOTO_TOKEN')
        .argParser(parseToken),
    )
    .action(copy)
}

async function copy(source: string, target: Target): Promise<void> {
  endOnClosedPipe()
  const there = await picturesThere(target)
  const counts = { copied: 0, known: 0, left: 0, refused: 0 }
  const say = (line: string) => process.stdout.write(`${line}\n`)
  const pictures = source.startsWith('rethinkdb:')
    ? picturesOfTable(source)
    : picturesOfFolder(source)
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
