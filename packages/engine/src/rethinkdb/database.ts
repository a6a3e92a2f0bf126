import { WireError } from '@wirephoto/board'
import { type Connection, isRethinkDBError, r, type WriteResult } from 'rethinkdb-ts'
import { UnderWay } from '../in-flight.ts'
import type { Address } from './address.ts'
import { translated } from './errors.ts'

/** Seconds for a connection to be had; milliseconds for an answer, after which a line counts as dead. */
const PATIENCE = 10
const SILENCE = 30_000

/** ReQL, to be run: what comes of it only who wrote it can tell. */
export interface Query {
  run(connection: Connection): Promise<unknown>
}

/** Lines to one server. What fails for a passing reason is told as `busy`; in doubt, if it was a write. */
export class Database {
  readonly #lines: readonly Line[]
  readonly #underWay = new UnderWay()
  #closed = false

  /** `size` lines at the most, opened when needed. */
  constructor(address: Address, size: number) {
    this.#lines = Array.from({ length: size }, () => new Line(address))
  }

  async run<T>(query: Query): Promise<T> {
    this.checkOpen()
    const line = this.#lines.reduce((idlest, line) => (line.busy < idlest.busy ? line : idlest))
    try {
      return await this.#underWay.add(line.run<T>(query))
    } catch (error) {
      throw translated(error)
    }
  }

  /** Rejects also when only one document failed. */
  async write<T>(query: Query): Promise<WriteResult<T>> {
    const result = await this.run<WriteResult<T>>(query)
    // The rest of the message may be the document.
    if (result.errors > 0) throw new Error(result.first_error?.split('\n')[0])
    return result
  }

  /** Lets what was asked for finish. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#underWay.ended()
    await Promise.all(this.#lines.map((line) => line.close()))
  }

  checkOpen(): void {
    if (this.#closed) throw new WireError('busy')
  }
}

/** One connection, opened when it is needed, again when it broke. */
export class Line {
  readonly #address: Address
  readonly #silence: number
  #opening: Promise<Connection> | null = null
  #closed = false
  /** Queries without an answer yet. */
  busy = 0

  constructor(address: Address, silence = SILENCE) {
    this.#address = address
    this.#silence = silence
  }

  /** Rejects with the driver's error. */
  async run<T>(query: Query): Promise<T> {
    this.busy++
    let silence: NodeJS.Timeout | undefined
    let connection: Connection | undefined
    try {
      connection = await this.#connected()
      silence = setTimeout(hangUp, this.#silence, connection)
      return (await query.run(connection)) as T
    } catch (error) {
      // Whatever is wrong with the driver itself ends with the connection.
      if (connection && !isRethinkDBError(error)) hangUp(connection)
      throw error
    } finally {
      clearTimeout(silence)
      this.busy--
    }
  }

  /** What was asked for and has no answer yet rejects. */
  async close(): Promise<void> {
    this.#closed = true
    const connection = await this.#opening?.catch(() => null)
    await connection?.close()
  }

  async #connected(): Promise<Connection> {
    if (this.#closed) throw new WireError('busy')
    const opening = (this.#opening ??= this.#connect())
    const connection = await opening.catch((error: unknown) => {
      if (this.#opening === opening) this.#opening = null
      throw error
    })
    if (connection.open) return connection
    // The driver would give a new line the old one's numbers, so each gets an object of its own.
    if (this.#opening === opening) this.#opening = null
    return this.#connected()
  }

  #connect(): Promise<Connection> {
    const { server, user, password, database } = this.#address
    return r.connect({ server, user, password, db: database, timeout: PATIENCE, silent: true })
  }
}

const hangUp = (connection: Connection): void => void connection.close().catch(() => {})
