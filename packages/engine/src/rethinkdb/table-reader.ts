import { r } from 'rethinkdb-ts'
import { EngineError, withoutPassword } from '../errors.ts'
import { type Address, formatHost, parseAddress } from './address.ts'
import { ReconnectingConnection } from './database.ts'
import { toEngineError } from './errors.ts'

/**
 * Reads the documents of a table, ordered by their keys.
 *
 * They are fetched one at a time: pictures are large, and a driver's cursor that breaks ends without an
 * error.
 *
 * @throws EngineError, with a sentence for the operator.
 */
export async function* readDocuments(url: string): AsyncGenerator<Record<string, unknown>> {
  const { address, table } = await parseTableUrl(url)
  const connection = new ReconnectingConnection(address)
  const documents = r.table(table)
  try {
    const key = await connection.run<string>(documents.info()('primary_key'))
    const ids = await connection.run<string[]>(documents.getField(key).coerceTo('array'))
    for (const id of ids.sort()) {
      const found = await connection.run<Record<string, unknown> | null>(documents.get(id))
      // It may have been deleted meanwhile.
      if (found) yield found
    }
  } catch (error) {
    throw tableError(error, address, table)
  } finally {
    await connection.close()
  }
}

/** Returns the sentence for an error of a table that can't be read. */
export function tableError(error: unknown, address: Address, table: string): unknown {
  if (!/does not exist/.test((error as Error).message)) return toEngineError(error, address)
  const sentence = `RethinkDB at ${formatHost(address)} has no table ${table} in ${address.database}. Check the URL.`
  return new EngineError('unusable', sentence, { cause: error })
}

/** Splits a URL into the address of its database and the name of its table. Rejects with an EngineError. */
export async function parseTableUrl(url: string): Promise<{ address: Address; table: string }> {
  const [, database, table, options] = TABLE_URL.exec(url) ?? []
  if (!database || !table)
    throw new EngineError(
      'unknown-engine',
      `"${withoutPassword(url)}" is no table. Give rethinkdb://user:password@host:28015/<database>/<table>.`,
    )
  return { address: await parseAddress(database + (options ?? '')), table }
}

const TABLE_URL = /^(rethinkdb:\/\/[^/]+\/[\w-]+)\/([\w-]+)(\?.*)?$/
