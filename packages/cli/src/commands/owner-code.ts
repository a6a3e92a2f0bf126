import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { EngineError, lockFolder } from '@wirephoto/engine'
import { makeOwnerCode, readServerUrl } from '@wirephoto/server/owner-code'
import { Command, Option } from 'commander'
import { OperatorError, operatorErrorOf } from '../operator-error.ts'
import { startedIn } from '../started-in.ts'

/** Makes the command that prints another owner code for a running server. */
export function ownerCodeCommand(): Command {
  return new Command('owner-code')
    .description('Print a code that makes who enters it the owner of a running server.')
    .addOption(
      new Option('--data <folder>', 'the data folder of that server')
        .env('WIREPHOTO_DATA')
        .default('./data'),
    )
    .addHelpText('after', '\nA code works once, for ten minutes. An earlier one ends.')
    .action(printOwnerCode)
}

async function printOwnerCode(options: { readonly data: string }): Promise<void> {
  const data = resolve(startedIn(), options.data)
  assertServed(data)
  const { code } = await makeOwnerCode(data).catch((error: unknown) => {
    throw explain(error, data)
  })
  const url = await readServerUrl(data).catch(() => null)
  process.stdout.write(`${code}\n`)
  const where = url === null ? 'on the server' : `at ${url}`
  process.stderr.write(
    `Enter it ${where} within ten minutes. It works once, and makes you the owner of the server.\n`,
  )
}

/** Throws `OperatorError` if no server runs with the folder: it would print a code of its own. */
function assertServed(data: string): void {
  if (!existsSync(join(data, 'lock')))
    throw new OperatorError(
      `There is no server's data in ${data}; name the folder that the server uses with --data.`,
    )
  let unlock: () => void
  try {
    unlock = lockFolder(data)
  } catch (error) {
    if (error instanceof EngineError && error.code === 'folder-locked') return
    throw error instanceof EngineError ? operatorErrorOf(error) : error
  }
  unlock()
  throw new OperatorError(
    `No server runs with ${data}; start it, and it prints a code, or name another folder with --data.`,
  )
}

/** Turns an error of the system into a sentence for the operator; returns others as they are. */
function explain(error: unknown, data: string): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new OperatorError(
        `The folder ${data} can't be written; run this as the user that the server runs as.`,
      )
    case 'ENOSPC':
      return new OperatorError(`The disk of ${data} is full; make room and try again.`)
    default:
      return error
  }
}
