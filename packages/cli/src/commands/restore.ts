import { makeFilesPrivate } from '@wirephoto/engine'
import { Command, Option } from 'commander'
import { untilInterrupted } from '../remote/interrupt.ts'
import type { EngineOptions } from '../transfer/engines.ts'
import { placeOf, withEngine } from './backup.ts'

interface Options extends EngineOptions {
  readonly point?: string
  readonly json?: boolean
}

/** Makes the command that brings a backup into an empty engine. */
export function restoreCommand(): Command {
  return withEngine(
    new Command('restore')
      .description('Bring the boards of a backup into a new folder or an empty database.')
      .argument('<source>', 'the folder of the backups, or s3://bucket/folder?endpoint=…&region=…'),
  )
    .addOption(new Option('--point <name>', 'the name of a backup there; default: the newest'))
    .addOption(new Option('--json', 'print lines of JSON'))
    .addHelpText(
      'after',
      `
Every file is checked by its digest. What breaks off can't be served: the same command
goes on. Open pages load the boards again.

Exit code: 0 if all is restored, 1 if the files of some pictures aren't, 2 if it can't be
restored, 130 after Ctrl-C.`,
    )
    .action(bringBack)
}

async function bringBack(place: string, options: Options): Promise<void> {
  makeFilesPrivate()
  const signal = untilInterrupted()
  const { openStore, restore } = await import('@wirephoto/server/backup')
  const { amount, TransferReport } = await import('../transfer/transfer-report.ts')
  const { engineUrlOf, openTarget } = await import('../transfer/engines.ts')
  const report = new TransferReport(options.json ?? false)
  try {
    await using store = await openStore(placeOf(place), false)
    const engine = await openTarget(engineUrlOf(options))
    try {
      const restored = await restore(store, engine, {
        point: options.point,
        signal,
        onProgress: (soFar) => report.advance(soFar),
      })
      const { point, boards, files, copiedBytes } = restored
      report.end(restored, `Restored ${point}: ${amount(boards, files, copiedBytes)}.`)
    } finally {
      await engine.close()
    }
  } catch (error) {
    throw report.failureOf(error, signal)
  }
}
