import { Command, CommanderError } from 'commander'
import { backupCommand } from './commands/backup.ts'
import { boardsCommand } from './commands/boards.ts'
import { checkCommand } from './commands/check.ts'
import { completionCommand } from './commands/completion.ts'
import { copyCommand } from './commands/copy.ts'
import { exportCommand } from './commands/export.ts'
import { importCommand } from './commands/import.ts'
import { liveCommand } from './commands/live.ts'
import { mcpCommand } from './commands/mcp.ts'
import { ownerCodeCommand } from './commands/owner-code.ts'
import { pushCommand } from './commands/push.ts'
import { restoreCommand } from './commands/restore.ts'
import { serveCommand, useEnvironment } from './commands/serve.ts'
import { showCommand } from './commands/show.ts'
import { slotsCommand } from './commands/slots.ts'
import { watchCommand } from './commands/watch.ts'
import { exitCodes } from './exit-codes.ts'
import { OperatorError } from './operator-error.ts'

/** `wirephoto <command>`, by default `serve`. A fault that the operator can mend is one sentence on stderr, and exit code 2. */
const program = new Command('wirephoto')
  .description('A live picture board: drop a picture; everyone sees it, now.')
  .version('0.1.0')
  .configureOutput({ outputError: () => {} })
  .exitOverride()
const commands: Command[] = [
  serveCommand(),
  pushCommand(),
  watchCommand(),
  liveCommand(),
  slotsCommand(),
  showCommand(),
  mcpCommand(),
  ownerCodeCommand(),
  checkCommand(),
  backupCommand(),
  restoreCommand(),
  copyCommand(),
  exportCommand(),
  importCommand(),
  boardsCommand(),
  completionCommand(() => commands),
]
for (const command of commands) program.addCommand(command.copyInheritedSettings(program))

run().catch((error: unknown) => {
  if (error instanceof OperatorError) exit(error.message, error.exitCode)
  else if (!(error instanceof CommanderError)) throw error
  else if (error.exitCode !== 0) exit(sentence(error.message))
})

async function run(): Promise<void> {
  useEnvironment(process.env)
  const isBare = process.argv.length <= 2
  await program.parseAsync(isBare ? [...process.argv, 'serve'] : process.argv)
}

function exit(message: string, exitCode: number = exitCodes.mistake): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = exitCode
}

/** Makes one sentence of commander's `error: unknown option '--prot'\n(Did you mean --port?)`. */
function sentence(message: string): string {
  const command =
    process.argv.slice(2, 3).find((name) => commands.some((each) => each.name() === name)) ??
    'serve'
  const [first = '', ...rest] = message.replace(/^error: |\.$/g, '').replace(/\s*\n\s*/g, ' ')
  return `${first.toUpperCase()}${rest.join('').replace('. Expected', ', expected')}; see wirephoto ${command} --help.`
}
