import { r } from 'rethinkdb-ts'
import { EngineError, withoutPassword } from '../errors.ts'
import { type Address, addressOf, hostOf } from './address.ts'
import { Line } from './database.ts'
import { explained } from './errors.ts'

/** A table's documents by their key, one at a time: pictures are large, and a cursor that breaks just ends. */
export async function* documentsOf(url: string): AsyncGenerator<Record<string, unknown>> {
  const { address, table } = await tableOf(url)
  const line = new Line(address)
  const documents = r.table(table)
  try {
    const key = await line.run<string>(documents.info()('primary_key'))
    const ids = await line.run<string[]>(documents.getField(key).coerceTo('array'))
    for (const id of ids.sort()) {
      const found = await line.run<Record<string, unknown> | null>(documents.get(id))
      // Deleted meanwhile.
      if (found) yield found
    }
  } catch (error) {
    if (!/does not exist/.test((error as Error).message)) throw explained(error, address)
    const sentence = `RethinkDB at ${hostOf(address)} has no table ${table} in ${address.database}. Check the URL.`
    throw new EngineError('unusable', sentence, { cause: error })
  } finally {
    await line.close()
  }
}

async function tableOf(url: string): Promise<{ address: Address; table: string }> {
  const [, database, table, options] = TABLE.exec(url) ?? []
  if (!database || !table)
    throw new EngineError(
      'unknown-engine',
      `"${withoutPassword(url)}" is no table. Give rethinkdb://user:password@host:28015/<database>/<table>.`,
    )
  return { address: await addressOf(database + (options ?? '')), table }
}

const TABLE = /^(rethinkdb:\/\/[^/]+\/[\w-]+)\/([\w-]+)(\?.*)?$/
