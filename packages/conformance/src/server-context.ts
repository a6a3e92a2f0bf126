import type { Command, CommandAnswer } from '@wirephoto/board'
import { type BoardUnderTest, CommandQueue, newId } from './board-under-test.ts'
import { RawSocket } from './raw-socket.ts'
import { type Place, Reader } from './reader.ts'
import { pngOf } from './sample-pictures.ts'

/** The board of one check, and its sockets, which are closed behind it. */
export class ServerContext implements AsyncDisposable {
  readonly board: BoardUnderTest
  readonly #sockets: RawSocket[] = []
  /** Pictures that are put into the trash behind the check. */
  readonly #pictures: string[] = []

  constructor(board: BoardUnderTest) {
    this.board = board
  }

  async open(board: Pick<BoardUnderTest, 'url' | 'hello'> = this.board): Promise<RawSocket> {
    const socket = await RawSocket.open(board)
    this.#sockets.push(socket)
    return socket
  }

  async follow(from?: Place, board: BoardUnderTest = this.board): Promise<Reader> {
    const reader = await Reader.follow(board, from)
    this.#sockets.push(reader.socket)
    return reader
  }

  /** Makes an id of a picture, which doesn't stay. */
  newPicture(): string {
    const id = newId()
    this.#pictures.push(id)
    return id
  }

  /** Makes the command that announces a picture. */
  add(id: string, name = 'conformance.png'): Command {
    return { kind: 'image.add', id, width: 16, height: 12, name }
  }

  /** Stores a picture. Resolves with its id. */
  async store(width = 16): Promise<string> {
    const id = this.newPicture()
    const response = await this.board.put(id, pngOf(width, 12))
    if (response.status !== 201)
      throw new Error(`A PUT was answered ${response.status}: ${await response.text()}`)
    return id
  }

  /** Sends commands of a new queue, and resolves with the answer. */
  async send(socket: RawSocket, ...commands: Command[]): Promise<CommandAnswer> {
    return (await socket.ask('commands', new CommandQueue().message(...commands))) as CommandAnswer
  }

  /** Has the tile of a slot put away behind the check. */
  remove(id: string): void {
    this.#pictures.push(id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const faults = this.#sockets.flatMap((socket) => socket.faults)
    for (const socket of this.#sockets) socket.close()
    if (this.#pictures.length > 0)
      await this.board.submit(
        ...this.#pictures.map((id): Command => ({ kind: 'image.remove', id })),
      )
    if (faults.length > 0) throw new Error(faults.join('\n'))
  }
}
