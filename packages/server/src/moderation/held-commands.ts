import {
  type Command,
  type CommandAnswer,
  type CommandMessage,
  isHeldFor,
  isHeldLog,
  may,
  WireError,
} from '@wirephoto/board'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Sender } from '../boards/sender.ts'
import type { ReplacedFiles } from '../images/replaced-files.ts'
import type { HeldLogs } from './held-logs.ts'

/** Whether a command may be about a picture that waits. */
const isAboutPicture = ({ kind }: Command): boolean =>
  kind === 'image.patch' || kind === 'image.remove' || kind === 'image.restore'

/**
 * Submits messages of commands, of which some may be about pictures that wait.
 *
 *     message ──► to the held log: its commands; a place is left for each of the others
 *             └─► to the board: the others; a place is left for each of its
 *
 * Both logs remember the numbers of the client, so a message that is sent again takes effect once in each (F3). The
 * held log is first: what it has no room for, the board doesn't count as settled.
 */
export class HeldCommands {
  readonly #logs: HeldLogs
  readonly #replacedFiles: ReplacedFiles

  constructor(logs: HeldLogs, replacedFiles: ReplacedFiles) {
    this.#logs = logs
    this.#replacedFiles = replacedFiles
  }

  /** Submits a message to a board. Resolves and rejects as `LiveBoard.submit` does. */
  async submit(board: LiveBoard, sent: CommandMessage, sender: Sender): Promise<CommandAnswer> {
    const message = await this.#withFiles(board, sent, sender)
    const held = await this.#heldAmong(board, message, sender)
    if (held.size === 0) return board.submit(message, sender)
    await assertNoGap(board, message)
    const { n, commands } = message
    const elsewhere = (isHere: (id: string) => boolean): Command[] =>
      commands.map((command) => {
        const id = 'id' in command ? command.id : ''
        return isHere(id) ? command : { kind: 'image.elsewhere', id }
      })
    using log = await this.#logs.open(board)
    const waiting = await log.board.submit(
      { ...message, commands: elsewhere((id) => held.has(id)) },
      sender,
    )
    const settled = waiting.n - n + 1
    const rest = elsewhere((id) => !held.has(id)).slice(0, settled)
    const answer = await board.submit({ ...message, commands: rest }, sender)
    const refused = [...answer.refused, ...waiting.refused].sort((a, b) => a.n - b.n)
    return { ...answer, refused, held: [...held] }
  }

  /**
   * Puts the earlier file into each command that asks for it, and keeps the present one. A command that must be refused
   * stays as it is, and so does one that was settled before.
   */
  async #withFiles(
    board: LiveBoard,
    message: CommandMessage,
    sender: Sender,
  ): Promise<CommandMessage> {
    const { client, n, commands } = message
    if (!commands.some(({ kind }) => kind === 'image.revert')) return message
    const settled = board.lastNumberOf(client)
    const found = commands.map(async (command, i): Promise<Command> => {
      if (command.kind !== 'image.revert' || n + i <= settled) return command
      const { id, blob } = command
      const image = board.records.get(id)
      if (image?.kind !== 'image' || image.blob !== blob) return command
      if (!may(sender, 'image.revert', image)) return command
      const file = await this.#replacedFiles.earlier(board.id, image)
      if (!file) return command
      await this.#replacedFiles.keep(board.id, image)
      return { kind: 'image.replace', id, expected: blob, file }
    })
    return { ...message, commands: await Promise.all(found) }
  }

  /** Finds the pictures of a message that wait, or will. */
  async #heldAmong(
    board: LiveBoard,
    { commands }: CommandMessage,
    sender: Sender,
  ): Promise<Set<string>> {
    const held = new Set<string>()
    if (isHeldLog(board.id)) return held
    const waits = isHeldFor(sender, board.records)
    const added = new Set<string>()
    const ids = new Set<string>()
    for (const command of commands) {
      if (command.kind === 'board.patch' || board.records.has(command.id)) continue
      const { kind, id } = command
      if (kind === 'image.add') (waits ? held : added).add(id)
      else if (isAboutPicture(command) && !held.has(id) && !added.has(id)) ids.add(id)
    }
    const sought = [...ids]
    if (sought.length === 0) return held
    using log = await this.#logs.find(board)
    if (!log) return held
    if (!sought.every((id) => log.board.records.has(id))) await log.board.refresh()
    for (const id of sought) {
      const image = log.board.records.get(id)
      if (image?.kind === 'image' && image.author === sender.visitor) held.add(id)
    }
    return held
  }
}

/** Rejects with `gap` before any log takes a command whose predecessor is missing. */
async function assertNoGap(board: LiveBoard, { client, n }: CommandMessage): Promise<void> {
  if (n <= board.lastNumberOf(client) + 1) return
  await board.refresh()
  const expected = board.lastNumberOf(client) + 1
  if (n > expected) throw new WireError('gap', { expected })
}
