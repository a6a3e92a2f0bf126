import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BoardUnderTest } from './board-under-test.ts'
import { BreakingLine } from './breaking-line.ts'
import { ClientProcess, type Ended } from './client-process.ts'
import { ServerContext } from './server-context.ts'

/** The client, the board and the line between them, of one check. */
export class ClientContext extends ServerContext {
  readonly line: BreakingLine
  readonly #command: readonly string[]
  readonly #folder: string
  readonly #processes: ClientProcess[] = []

  private constructor(
    board: BoardUnderTest,
    command: readonly string[],
    line: BreakingLine,
    folder: string,
  ) {
    super(board)
    this.#command = command
    this.line = line
    this.#folder = folder
  }

  static async make(board: BoardUnderTest, command: readonly string[]): Promise<ClientContext> {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-conformance-'))
    return new ClientContext(board, command, await BreakingLine.open(board.url), folder)
  }

  /** The board's address by the line. */
  get address(): string {
    return `${this.line.url}/b/${this.board.id}`
  }

  /** Starts a command of the client. */
  start(...args: string[]): ClientProcess {
    const child = new ClientProcess(this.#command, args, this.board.token)
    this.#processes.push(child)
    return child
  }

  /** Runs a command of the client to its end. */
  async run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended()
  }

  /** Starts `changes`, and resolves when it follows. */
  async changes(): Promise<ClientProcess> {
    const changes = this.start('changes', this.address)
    await changes.until(([first]) => first, 'changes follows')
    return changes
  }

  /** Writes a file. Resolves with its path. */
  async file(name: string, bytes: Uint8Array): Promise<string> {
    const path = join(this.#folder, name)
    await writeFile(path, bytes)
    return path
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes) await child[Symbol.asyncDispose]()
    await this.line[Symbol.asyncDispose]()
    await rm(this.#folder, { recursive: true })
    await super[Symbol.asyncDispose]()
  }
}
