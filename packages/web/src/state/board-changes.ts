import { type CommandAnswer, uuidv7, WireError } from '@wirephoto/board'
import { request } from '../browser/server-requests.ts'
import { ownership } from './ownership.ts'

/** Renames a board that this page needn't show. Rejects as `request` does, also for a refused command. */
export async function renameBoard(id: string, title: string): Promise<void> {
  const { refused } = await request<CommandAnswer>('POST', `/b/${id}/commands`, {
    client: uuidv7(Date.now(), crypto.getRandomValues(new Uint8Array(10))),
    n: 1,
    commands: [{ kind: 'board.patch', set: { title } }],
  })
  const [refusal] = refused
  if (refusal) throw Object.assign(new WireError(refusal.error.code), refusal.error)
}

/** Deletes a board for good. Rejects as `request` does. */
export const deleteBoard = (id: string): Promise<void> => request('DELETE', `/api/boards/${id}`)

/** Whether this browser owns the server, and so every board; not where the server can't be asked. */
export const isServerOwner = (): Promise<boolean> =>
  ownership().then(
    ({ isOwner }) => isOwner,
    () => false,
  )
