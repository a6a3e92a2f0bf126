import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const ID_BYTES = 8
const ID = /^[0-9a-f]{16}$/

/** Returns the id of the server that has this data folder. It is made once, so it outlives the process. */
export async function serverIdOf(data: string): Promise<string> {
  const path = join(data, 'server-id')
  const known = await readFile(path, 'utf8').catch(() => '')
  if (ID.test(known)) return known
  const id = randomBytes(ID_BYTES).toString('hex')
  await writeFile(path, id)
  return id
}
