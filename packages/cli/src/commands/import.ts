import { setTimeout } from 'node:timers/promises'
import { type Notice, problemIn, type StoredImage } from '@wirephoto/board'
import { EngineError, readTable } from '@wirephoto/engine'
import { Command, Option } from 'commander'
import { endOnClosedPipe } from '../closed-pipe.ts'
import { OperatorError, operatorErrorOf } from '../operator-error.ts'
import { parseBoard, parseServer, parseToken } from '../parse.ts'

/** How long to wait before a busy server is asked again, and how often. */
const BUSY_PAUSE_MS = 2_000
const MAX_TRY_COUNT = 30

/** The board that the pictures go to. */
interface Target {
  /** URL of a running server, without a slash at the end. */
  readonly to: string
  readonly board: string
  /** The secret of a link that lets add; none for an open board. */
  readonly token?: string
}

/** A document of the tutorials' tables `images` or `photos`. */
interface Picture {
  readonly id: string
  readonly name: string
  readonly bytes: Uint8Array
  readonly place: { readonly x?: number; readonly y?: number }
}

/** Makes the command that copies a tutorial's table onto a board of a running server. */
export function importCommand(): Command {
  return new Command('import')
    .description("Copy the pictures of a tutorial's RethinkDB table onto a board.")
    .argument('<table>', 'rethinkdb://user:password@host:28015/<database>/<table>')
    .addOption(
      new Option('--to <url>', 'the server that has the board')
        .env('WIREPHOTO_TO')
        .default('http://localhost:8000')
        .argParser(parseServer),
    )
    .addOption(
      new Option('--board <board>', 'the board that they go onto')
        .default('main')
        .argParser(parseBoard),
    )
    .addOption(
      new Option('--token <secret>', 'what stands after # in a link that lets add')
        .env('WIREPHOTO_TOKEN')
        .argParser(parseToken),
    )
    .action(copy)
}

async function copy(table: string, target: Target): Promise<void> {
  endOnClosedPipe()
  const there = await picturesThere(target)
  const counts = { copied: 0, known: 0, left: 0, refused: 0 }
  const say = (line: string) => process.stdout.write(`${line}\n`)
  try {
    for await (const document of readTable(table)) {
      const picture = pictureOf(document)
      if (typeof picture === 'string') {
        counts.left++
        say(`Left ${String(document['id'])}: ${picture}`)
      } else if (there.take(keyOf(picture.name, picture.bytes.length))) counts.known++
      else {
        const { refusal, notices } = await send(picture, target)
        for (const { message } of notices) say(message)
        if (refusal === null) counts.copied++
        else {
          counts.refused++
          say(`Left ${picture.id}: ${refusal}`)
        }
      }
    }
  } catch (error) {
    throw error instanceof EngineError ? operatorErrorOf(error) : error
  }
  const { copied, known, left, refused } = counts
  say(
    `${copied} copied to ${target.to}/b/${target.board}, ${known} were there already, ${left + refused} left`,
  )
  if (refused > 0) process.exitCode = 1
}

/** Counts the pictures of the board and its trash; `take` finds each of them once. */
async function picturesThere(target: Target): Promise<{ take(key: string): boolean }> {
  const { records } = (await (await ask(target, 'snapshot')).json()) as {
    records: readonly { kind: string; name: string; bytes: number | null }[]
  }
  const counts = new Map<string, number>()
  for (const { kind, name, bytes } of records) {
    if (kind !== 'image') continue
    const key = keyOf(name, bytes ?? 0)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return {
    take(key) {
      const count = counts.get(key) ?? 0
      counts.set(key, Math.max(0, count - 1))
      return count > 0
    },
  }
}

/** Returns a key by which a picture is known again: the server keeps a file's length, and the letters of its name. */
function keyOf(name: string, bytes: number): string {
  const letters = name
    .split(/[/\\]/)
    .at(-1)!
    .replace(/[^\p{L}\p{N}]/gu, '')
  return `${bytes} ${letters.slice(0, 100)}`
}

/** Returns the picture of a document, or why it has none. */
function pictureOf({ id, fileName, file, x, y }: Record<string, unknown>): Picture | string {
  const bytes = bytesOf(file)
  if (!bytes || bytes.length === 0) return 'it has no picture'
  const isPlace = (value: unknown) => typeof value === 'number' && Math.abs(value) < 1e7
  return {
    id: String(id),
    name: typeof fileName === 'string' ? fileName : String(id),
    bytes,
    place: isPlace(x) && isPlace(y) ? { x: x as number, y: y as number } : {},
  }
}

/** Returns the bytes of a binary field, as both tutorials keep it, or of the data URL that a page sends. */
function bytesOf(file: unknown): Uint8Array | null {
  if (file instanceof Uint8Array) return file
  const [, text] =
    /^data:[^,]{0,200};base64,(.*)$/s.exec(typeof file === 'string' ? file : '') ?? []
  return text === undefined ? null : Buffer.from(text, 'base64')
}

interface Outcome {
  /** Null for a picture that is stored. */
  readonly refusal: string | null
  /** The parts of the file that a stored picture lacks. */
  readonly notices: readonly Notice[]
}

/** Sends a picture, again while the server is busy. */
async function send({ name, bytes, place }: Picture, target: Target): Promise<Outcome> {
  const query = new URLSearchParams({ name: name.slice(0, 255) })
  for (const [key, value] of Object.entries(place)) query.set(key, String(value))
  for (let tries = 1; ; tries++) {
    const response = await ask(target, `images?${query}`, bytes)
    const { status } = response
    const body = await response.text()
    if (status === 201) return { refusal: null, notices: (JSON.parse(body) as StoredImage).notices }
    const problem = problemIn(status, body)
    // A 5xx that isn't the server's own comes from something between, and says nothing of the picture.
    const isBusy = status === 429 || status === 503 || (status > 500 && problem === null)
    if (!isBusy || tries === MAX_TRY_COUNT) {
      const between = `Something between here and ${target.to} answered ${status}.`
      return { refusal: problem?.message ?? between, notices: [] }
    }
    await setTimeout(BUSY_PAUSE_MS)
  }
}

async function ask(
  { to, board, token }: Target,
  path: string,
  body?: Uint8Array,
): Promise<Response> {
  const address = `${to}/api/boards/${board}/${path}`
  const sent = body ? { method: 'POST', body: new Uint8Array(body) } : {}
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(address, { ...sent, headers }).catch(() => {
    throw new OperatorError(`There is no server at ${to}; start it, or give another with --to.`)
  })
  if (body || response.ok) return response
  const isBoard = response.headers.get('content-type')?.startsWith('application/json')
  if (isBoard && (response.status === 401 || response.status === 403))
    throw new OperatorError(
      `The board ${board} at ${to} opens by a link; give what stands after # in one with --token.`,
    )
  throw new OperatorError(
    isBoard
      ? `${to} has no board ${board} for you; give another --board.`
      : `${to} is no Wirephoto server; give another with --to.`,
  )
}
