import { once } from 'node:events'
import { chmod, mkdtemp, rm, symlink } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { type ErrorCode, WireError } from '@wirephoto/board'
import { type BoardInfo, type Engine, removeFile } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { toWireError } from '../errors.ts'
import { type BoardSource, readBoard } from './board-point.ts'
import { type BoardLine, boardsIn, linesOf } from './point-lines.ts'

const SOCKET_FILE = 'wirephoto.sock'
const SOCKET_MODE = 0o600
/** The longest path of a socket that every system takes. */
const MAX_PATH_BYTES = 100

/**
 * Lets the user that a server runs as read its boards, through a socket in the folder that the server has locked.
 * Nobody else can open the folder. It reads as every reader of an engine does, so writers never wait for it.
 *
 * @returns A function that closes it. A folder whose disk knows no sockets has none.
 */
export async function openBackupSocket(
  folder: string,
  engine: Engine,
  log: FastifyBaseLogger,
): Promise<() => Promise<void>> {
  // Pipes of Windows lie in no folder.
  if (process.platform === 'win32') return async () => {}
  const server = createServer((asked, answer) => {
    serve(engine, asked, answer).catch((error: unknown) => {
      const { code, status } = toWireError(error, log)
      if (answer.headersSent) answer.destroy()
      else
        answer
          .writeHead(status, { 'content-type': 'application/json' })
          .end(JSON.stringify({ code }))
    })
  })
  // A killed server has left its own.
  await removeFile(join(folder, SOCKET_FILE))
  await using place = await shortPath(folder)
  server.listen(place.path)
  try {
    await once(server, 'listening')
    await chmod(place.path, SOCKET_MODE)
  } catch (error) {
    log.warn(
      { err: error },
      'No backup can be made while this server runs: its folder takes no socket.',
    )
    return async () => {}
  }
  return async () => {
    server.close()
    server.closeAllConnections()
    await removeFile(join(folder, SOCKET_FILE))
  }
}

/** Answers a reader of boards: the list of them, one of them, or a stored file. */
async function serve(engine: Engine, asked: IncomingMessage, answer: ServerResponse) {
  const [, kind, name = ''] = (asked.url ?? '').split('/')
  const boards = kind === 'boards' ? await engine.boards.list() : []
  if (kind === 'boards' && name === '') {
    answer.end(JSON.stringify(boards))
    return
  }
  const info = boards.find(({ board }) => board === decodeURIComponent(name))
  const body =
    kind === 'blobs' ? await engine.blobs.get(name) : Readable.from(await boardLines(engine, info))
  await pipeline(body, answer)
}

async function boardLines(engine: Engine, info: BoardInfo | undefined) {
  const point = info && (await readBoard(engine, info))
  if (!point) throw new WireError('unknown-board')
  return linesOf(point)
}

/** Reads the boards of the server that has locked a folder. Null if none answers there. */
export async function serverSource(folder: string): Promise<BoardSource | null> {
  const place = await shortPath(folder)
  const source: BoardSource = {
    boards: async () => (await json(await get(place.path, '/boards'))) as BoardInfo[],
    async read({ board }) {
      try {
        const answer = await get(place.path, `/boards/${encodeURIComponent(board)}`)
        for await (const point of boardsIn(linesIn(answer))) return point
      } catch (error) {
        if (!(error instanceof WireError && error.code === 'unknown-board')) throw error
      }
      return null
    },
    open: (blob) => get(place.path, `/blobs/${blob}`),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  }
  try {
    await source.boards()
    return source
  } catch (error) {
    await place[Symbol.asyncDispose]()
    if (error instanceof WireError) throw error
    return null
  }
}

async function* linesIn(stream: Readable): AsyncGenerator<BoardLine> {
  for await (const line of createInterface({ input: stream })) yield JSON.parse(line) as BoardLine
}

/** Asks the server behind a socket. Rejects with its WireError, or with the system's error. */
async function get(socketPath: string, path: string): Promise<IncomingMessage> {
  const asking = request({ socketPath, path })
  asking.end()
  const [answer] = (await once(asking, 'response')) as [IncomingMessage]
  if (answer.statusCode === 200) return answer
  const { code } = (await json(answer)) as { code: ErrorCode }
  throw new WireError(code)
}

/** The socket's path in a folder. Where it is too long for the system, it goes through a link while this is in use. */
async function shortPath(folder: string): Promise<{ path: string } & AsyncDisposable> {
  const path = resolve(folder, SOCKET_FILE)
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES)
    return { path, [Symbol.asyncDispose]: async () => {} }
  const place = await mkdtemp(join(tmpdir(), 'wirephoto-'))
  await symlink(resolve(folder), join(place, 'data'))
  return {
    path: join(place, 'data', SOCKET_FILE),
    [Symbol.asyncDispose]: () => rm(place, { recursive: true, force: true }),
  }
}
