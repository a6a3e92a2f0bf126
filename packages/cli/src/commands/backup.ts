import { resolve } from 'node:path'
import { makeFilesPrivate } from '@wirephoto/engine'
import { Command, InvalidArgumentError, Option } from 'commander'
import { untilInterrupted } from '../remote/interrupt.ts'
import { startedIn } from '../started-in.ts'
import type { EngineOptions } from '../transfer/engines.ts'

interface Options extends EngineOptions {
  readonly verify?: boolean
  readonly keep?: number
  readonly json?: boolean
}

/** Makes the command that backs all boards up while they are used. */
export function backupCommand(): Command {
  return withEngine(
    new Command('backup')
      .description('Back up all boards, while a server runs or not.')
      .argument('<target>', 'a folder, or s3://bucket/folder?endpoint=…&region=…'),
  )
    .addOption(new Option('--verify', 'read the files again that are there from earlier backups'))
    .addOption(
      new Option('--keep <n>', 'remove all backups there but the newest ones').argParser(
        parseCount,
      ),
    )
    .addOption(new Option('--json', 'print lines of JSON'))
    .addHelpText(
      'after',
      `
A file that is there already isn't copied again. What breaks off leaves no backup.

Exit code: 0 if all is saved, 1 if the files of some pictures can't be, 2 if there is no
backup, 130 after Ctrl-C.`,
    )
    .action(backUp)
}

/** Adds the options that name an engine, which other commands load late. */
export function withEngine(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--engine <url>',
        'sqlite:<folder>, postgres://… or rethinkdb://…, as for serve',
      ).env('WIREPHOTO_ENGINE'),
    )
    .addOption(
      new Option(
        '--data <folder>',
        'the data folder of the server, where the boards are without --engine',
      )
        .env('WIREPHOTO_DATA')
        .default('./data'),
    )
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1)
    throw new InvalidArgumentError('It is a number of backups, 1 or more.')
  return count
}

/** Returns the place of backups that somebody has named. */
export const placeOf = (named: string): string =>
  named.startsWith('s3://') ? named : resolve(startedIn(), named)

async function backUp(target: string, options: Options): Promise<void> {
  makeFilesPrivate()
  const signal = untilInterrupted()
  // Loaded late, so that --help and mistakes are answered at once.
  const { makeBackup, openStore } = await import('@wirephoto/server/backup')
  const { amount, TransferReport } = await import('../transfer/transfer-report.ts')
  const { engineUrlOf, openSource } = await import('../transfer/engines.ts')
  const report = new TransferReport(options.json ?? false)
  try {
    const onAway = () => report.wait()
    await using source = await openSource(engineUrlOf(options), { signal, onAway })
    await using store = await openStore(placeOf(target), true)
    const made = await makeBackup(source, store, {
      verifies: options.verify,
      keep: options.keep,
      signal,
      onProgress: (soFar) => report.advance(soFar),
      onAway,
    })
    const { point, boards, files, bytes, copied } = made
    report.end(made, `Backup ${point}: ${amount(boards, files, bytes)}; ${copied} copied.`)
  } catch (error) {
    throw report.failureOf(error, signal)
  }
}
