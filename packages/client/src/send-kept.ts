import { type CommandAnswer, WIRE_VERSION } from '@wirephoto/board'
import { type KeptStore, openDatabase } from './database-store.ts'
import { newId } from './ids.ts'
import { countForMessage } from './message-size.ts'
import type { SavedCommand, SavedFile } from './store.ts'
import { type BoardAddress, boardPageUrl, uploadsUrl } from './urls.ts'

/** Time for which pages keep off a file that is sent here, and between its renewals. */
const CLAIM_MS = 4_000
const CLAIM_RENEWAL_MS = 1_000
const TUS = { 'tus-resumable': '1.0.0' }
/** The statuses of refusals that pass. */
const isPassing = (status: number): boolean => status === 429 || status >= 500

/**
 * Sends what pages of the server at `url` have left, but for the boards that are `inView`: for service workers. A command
 * that the server refuses for good stays kept, so that the next page says so. Rejects if another try may send more.
 */
export async function sendKept(url: string, inView: readonly string[]): Promise<void> {
  const store = await openDatabase(url)
  const sender = newId(Date.now())
  try {
    for (const id of await store.boards()) {
      if (inView.includes(id)) continue
      const board = { url, id }
      await sendCommands(board, store)
      for (const file of await store.files(id))
        if (!file.refused && (await store.claim(file.id, sender, Date.now() + CLAIM_MS)))
          await sendFile(board, file, { store, sender })
    }
  } finally {
    store.close()
  }
}

/** Sends the commands of each queue under their numbers, so that a page which sends them too does no harm (F3). */
async function sendCommands(board: BoardAddress, store: KeptStore): Promise<void> {
  const queues = Map.groupBy(await store.commands(board.id), ({ client }) => client)
  for (const [client, saved] of queues) {
    let left = saved.toSorted((a, b) => a.n - b.n)
    while (left.length > 0) {
      const count = countForMessage(left.map(({ command }) => command))
      if (!(await sendMessage(board, client, left.slice(0, count), store))) break
      left = left.slice(count)
    }
  }
}

/** Resolves with whether all were taken. If not, the next page sends them again, and hears why they were refused. */
async function sendMessage(
  board: BoardAddress,
  client: string,
  saved: readonly SavedCommand[],
  store: KeptStore,
): Promise<boolean> {
  const response = await fetch(`${boardPageUrl(board)}/commands?wire=${WIRE_VERSION}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client, n: saved[0]!.n, commands: saved.map(({ command }) => command) }),
  })
  if (isPassing(response.status)) throw new Error(`Commands were answered ${response.status}`)
  if (!response.ok) return false
  const { n, refused } = (await response.json()) as CommandAnswer
  if (refused.length > 0) return false
  await store.settle(client, n)
  return n >= saved.at(-1)!.n
}

interface FileSender {
  readonly store: KeptStore
  /** The id under which the file is claimed. */
  readonly sender: string
}

/** Sends a file from the server's offset on (tus 1.0.0), and forgets it when it is stored. */
async function sendFile(
  board: BoardAddress,
  { id, file }: SavedFile,
  { store, sender }: FileSender,
): Promise<void> {
  const renewal = setInterval(() => {
    store.claim(id, sender, Date.now() + CLAIM_MS).catch(() => {})
  }, CLAIM_RENEWAL_MS)
  try {
    const asked = await ask(`${uploadsUrl(board)}/${id}`, { method: 'HEAD', headers: TUS })
    const begun = asked.status === 404 ? await begin(board, id, file) : asked
    let offset = offsetIn(begun)
    if (offset !== null && offset < file.size)
      offset = offsetIn(
        await ask(`${uploadsUrl(board)}/${id}`, {
          method: 'PATCH',
          headers: {
            ...TUS,
            'upload-offset': String(offset),
            'content-type': 'application/offset+octet-stream',
          },
          body: file.slice(offset),
        }),
      )
    if (offset === file.size) await store.removeFile(id)
  } finally {
    clearInterval(renewal)
    await store.release([id])
  }
}

const begin = (board: BoardAddress, id: string, file: Blob): Promise<Response> =>
  ask(uploadsUrl(board), {
    method: 'POST',
    headers: {
      ...TUS,
      'upload-length': String(file.size),
      'upload-metadata': `id ${btoa(id)}`,
    },
  })

async function ask(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  if (isPassing(response.status)) throw new Error(`A file was answered ${response.status}`)
  return response
}

/** Returns how many bytes the server has; null if it refuses the file. */
function offsetIn({ ok, headers }: Response): number | null {
  const offset = headers.get('upload-offset')
  return ok && offset !== null ? Number(offset) : null
}
