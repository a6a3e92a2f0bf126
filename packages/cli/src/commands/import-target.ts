import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { limits, type Notice, problemIn, type Role, type StoredImage } from '@wirephoto/board'
import { OperatorError } from '../operator-error.ts'

/** How long to wait before a busy server is asked again, and how often. */
const BUSY_PAUSE_MS = 2_000
const MAX_TRY_COUNT = 30

/** The board that the pictures go to. */
export interface Target {
  /** URL of a running server, without a slash at the end. */
  readonly to: string
  readonly board: string
  /** The secret of a link that lets add; none for an open board. */
  readonly token?: string
}

/** A picture to be sent. */
export interface Picture {
  readonly name: string
  readonly bytes: Uint8Array
  /** Where it goes, and its texts; what is left out is the server's to choose. */
  readonly place: {
    readonly x?: number
    readonly y?: number
    readonly w?: number
    readonly caption?: string
    readonly by?: string
  }
}

/** A picture of a source, or why there is none. */
export type Found =
  | { readonly source: string; readonly picture: Picture }
  | { readonly source: string; readonly why: string }

export interface Outcome {
  /** Null for a picture that is stored. */
  readonly refusal: string | null
  /** The parts of the file that a stored picture lacks. */
  readonly notices: readonly Notice[]
}

/** A board that was just made. */
export interface MadeBoard {
  readonly id: string
  /** The secret of the link that owns it. */
  readonly secret: string
}

/** Makes a board, cut to the longest title that a server takes. Rejects with `OperatorError`. */
export async function makeBoard(to: string, title: string): Promise<MadeBoard> {
  const response = await fetch(`${to}/api/boards`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title: title.slice(0, limits.titleLength) }),
  }).catch(() => {
    throw noServerAt(to)
  })
  const text = await response.text()
  if (response.status === 201) {
    const { id, links } = JSON.parse(text) as { id: string; links: { role: Role; url: string }[] }
    const own = links.find(({ role }) => role === 'own')!
    return { id, secret: own.url.split('#').at(-1)! }
  }
  const problem = problemIn(response.status, text)
  if (!problem) throw noWirephotoAt(to)
  throw new OperatorError(
    problem.code === 'owner-needed'
      ? `At ${to} only the server's owner makes boards; make one there, and give it with --board and --token.`
      : problem.message,
  )
}

/** Counts the pictures of the board and its trash; `take` finds each of them once. */
export async function picturesThere(
  target: Target,
): Promise<{ take(name: string, bytes: number): boolean }> {
  const { records } = (await (await ask(target, 'snapshot')).json()) as {
    records: readonly {
      kind: string
      name: string
      bytes: number | null
      original?: { bytes: number } | null
    }[]
  }
  const counts = new Map<string, number>()
  for (const { kind, name, bytes, original } of records) {
    if (kind !== 'image') continue
    const key = keyOf(name, original?.bytes ?? bytes ?? 0)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return {
    take(name, bytes) {
      const key = keyOf(name, bytes)
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

/** Sends a picture, again while the server is busy. */
export async function send({ name, bytes, place }: Picture, target: Target): Promise<Outcome> {
  const query = new URLSearchParams({ name: name.slice(0, 255) })
  const { caption, by, ...numbers } = place
  for (const [key, value] of Object.entries(numbers)) query.set(key, String(value))
  const sent = caption || by ? formOf(bytes, { caption, by }) : { body: bytes }
  for (let tries = 1; ; tries++) {
    const response = await ask(target, `images?${query}`, sent)
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

interface Sent {
  readonly body: Uint8Array
  readonly type?: string
}

/** Makes a form of a file and its texts, which may be too long for an address. Its name stands there. */
function formOf(bytes: Uint8Array, texts: Record<string, string | undefined>): Sent {
  const boundary = randomUUID()
  const part = (name: string) =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n`
  const fields = Object.entries(texts).flatMap(([name, text]) =>
    text ? [`${part(name)}\r\n${text}\r\n`] : [],
  )
  const head = `${fields.join('')}${part('file')}content-type: application/octet-stream\r\n\r\n`
  const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)])
  return { body, type: `multipart/form-data; boundary=${boundary}` }
}

async function ask({ to, board, token }: Target, path: string, sent?: Sent): Promise<Response> {
  const address = `${to}/api/boards/${board}/${path}`
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(sent?.type && { 'content-type': sent.type }),
  }
  const body = sent ? { method: 'POST', body: new Uint8Array(sent.body) } : {}
  const response = await fetch(address, { ...body, headers }).catch(() => {
    throw noServerAt(to)
  })
  if (sent || response.ok) return response
  const isBoard = response.headers.get('content-type')?.startsWith('application/json')
  if (isBoard && (response.status === 401 || response.status === 403))
    throw new OperatorError(
      `The board ${board} at ${to} opens by a link; give what stands after # in one with --token.`,
    )
  throw isBoard
    ? new OperatorError(`${to} has no board ${board} for you; give another --board.`)
    : noWirephotoAt(to)
}

const noServerAt = (to: string): OperatorError =>
  new OperatorError(`There is no server at ${to}; start it, or give another with --to.`)

const noWirephotoAt = (to: string): OperatorError =>
  new OperatorError(`${to} is no Wirephoto server; give another with --to.`)
