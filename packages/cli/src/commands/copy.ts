import { makeFilesPrivate, withoutPassword } from '@wirephoto/engine'
import { Command, Option } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import { OperatorError } from '../operator-error.ts'
import { untilInterrupted } from '../remote/interrupt.ts'

interface Options {
  readonly json?: boolean
}

/** Makes the command that copies all boards from one engine to another. */
export function copyCommand(): Command {
  return new Command('copy')
    .description('Copy all boards from one engine to another, which is empty.')
    .argument('<from>', 'sqlite:<folder>, postgres://… or rethinkdb://…, as for serve')
    .argument('<to>', 'another one')
    .addOption(new Option('--json', 'print lines of JSON'))
    .addHelpText(
      'after',
      `
Stop the servers first: what is changed during the copy may be left behind. Every file is
checked by its digest. What breaks off can't be served: the same command goes on.

Exit code: 0 if all is copied, 1 if the files of some pictures aren't, or boards went on
changing, 2 if it can't be copied, 130 after Ctrl-C.`,
    )
    .action(copy)
}

async function copy(from: string, to: string, options: Options): Promise<void> {
  makeFilesPrivate()
  const signal = untilInterrupted()
  const { copyBoards } = await import('@wirephoto/server/backup')
  const { amount, TransferReport } = await import('../transfer/transfer-report.ts')
  const { openSource, openTarget } = await import('../transfer/engines.ts')
  const report = new TransferReport(options.json ?? false)
  try {
    const onAway = () => report.wait()
    await using source = await openSource(from, { signal, onAway })
    const engine = await openTarget(to)
    try {
      const copied = await copyBoards(source, `copy ${withoutPassword(from)}`, engine, {
        signal,
        onProgress: (soFar) => report.advance(soFar),
        onAway,
      })
      if (!copied)
        throw new OperatorError(
          'Boards go on changing, so the copy is not whole; stop the servers and run it again.',
          { exitCode: exitCodes.partly },
        )
      const { boards, files, copiedBytes } = copied
      report.end(copied, `Copied ${amount(boards, files, copiedBytes)}.`)
    } finally {
      await engine.close()
    }
  } catch (error) {
    throw report.failureOf(error, signal)
  }
}
