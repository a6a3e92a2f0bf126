import { Argument, Command } from 'commander'
import { endOnClosedPipe } from '../closed-pipe.ts'
import { exitCodes } from '../exit-codes.ts'

/** A command, as a shell completes it. */
interface Completed {
  readonly name: string
  readonly about: string
  readonly flags: readonly {
    readonly name: string
    readonly about: string
    readonly takesValue: boolean
  }[]
}

const shells = { bash, zsh, fish }

/** Makes the command that prints what a shell needs to complete the others. */
export function completionCommand(all: () => readonly Command[]): Command {
  return new Command('completion')
    .description('Print what a shell needs to complete commands and flags.')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(shells)))
    .addHelpText(
      'after',
      `
bash: source <(wirephoto completion bash), in ~/.bashrc
zsh:  source <(wirephoto completion zsh), in ~/.zshrc after compinit
fish: wirephoto completion fish | source, in ~/.config/fish/config.fish`,
    )
    .action((shell: keyof typeof shells) => {
      endOnClosedPipe(exitCodes.done)
      process.stdout.write(shells[shell](all().map(completed)))
    })
}

const completed = (command: Command): Completed => ({
  name: command.name(),
  about: command.description(),
  flags: [
    ...command.options.map(flagOf),
    { name: '--help', about: 'show help', takesValue: false },
  ],
})

const flagOf = ({ long, description, required, optional }: Command['options'][number]) => ({
  name: long!,
  about: description,
  takesValue: required || optional,
})

function bash(commands: readonly Completed[]): string {
  const cases = commands.map(
    ({ name, flags }) => `    ${name}) words="${flags.map((flag) => flag.name).join(' ')}" ;;`,
  )
  return `_wirephoto() {
  local words current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  esac
}
complete -o default -F _wirephoto wirephoto
`
}

/** Quotes a text for a shell, within single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

function zsh(commands: readonly Completed[]): string {
  const described = (text: string) => text.replace(/[[\]:]/g, (letter) => `\\${letter}`)
  const cases = commands.map(({ name, flags }) => {
    const specs = flags.map((flag) =>
      quoted(`${flag.name}[${described(flag.about)}]${flag.takesValue ? ':value:_files' : ''}`),
    )
    return `    ${name}) _arguments ${[...specs, quoted('*:file:_files')].join(' ')} ;;`
  })
  const names = commands.map(({ name, about }) => quoted(`${name}:${described(about)}`))
  return `#compdef wirephoto
_wirephoto() {
  if (( CURRENT == 2 )); then
    local -a commands=(${names.join(' ')})
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _wirephoto wirephoto
`
}

function fish(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ name, about, flags }) => [
    `complete -c wirephoto -n __fish_use_subcommand -f -a ${name} -d ${quoted(about)}`,
    ...flags.map(
      (flag) =>
        `complete -c wirephoto -n '__fish_seen_subcommand_from ${name}' -l ${flag.name.slice(2)}${flag.takesValue ? ' -r' : ''} -d ${quoted(flag.about)}`,
    ),
  ])
  return `${lines.join('\n')}\n`
}
