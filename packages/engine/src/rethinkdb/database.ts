import { WireError } from '@wirephoto/board'
import { type Connection, isRethinkDBError, r, type WriteResult } from 'rethinkdb-ts'
import { InFlight } from '../in-flight.ts'
import type { Address } from './address.ts'
import { toWireError } from './errors.ts'

/** Seconds for a connection to be had; milliseconds for an answer, after which a line counts as dead. */
const CONNECT_TIMEOUT_S = 10
const QUERY_TIMEOUT_MS = 30_000

/** ReQL, to be run: what comes of it only who wrote it can tell. */
export interface Query {
  run(connection: Connection): Promise<unknown>
}

/** Lines to one server. What fails for a passing reason is told as `busy`; in doubt, if it was a write. */
export class Database {
  readonly #connections: readonly ReconnectingConnection[]
  readonly #inFlight = new InFlight()
  #closed = false

  /** `size` lines at the most, opened when needed. */
  constructor(address: Address, size: number) {
    this.#connections = Array.from({ length: size }, () => new ReconnectingConnection(address))
  }

  async run<T>(query: Query): Promise<T> {
    this.checkOpen()
    const line = this.#connections.reduce((idlest, line) =>
      line.inFlightCount < idlest.inFlightCount ? line : idlest,
    )
    try {
      return await this.#inFlight.track(line.run<T>(query))
    } catch (error) {
      throw toWireError(error)
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
    await this.#inFlight.whenSettled()
    await Promise.all(this.#connections.map((line) => line.close()))
  }

  checkOpen(): void {
    if (this.#closed) throw new WireError('busy')
  }
}

/** One connection, opened when it is needed, again when it broke. */
export class ReconnectingConnection {
  readonly #address: Address
  readonly #timeoutMs: number
  #opening: Promise<Connection> | null = null
  #closed = false
  /** Queries without an answer yet. */
  inFlightCount = 0

  constructor(address: Address, silence = QUERY_TIMEOUT_MS) {
    this.#address = address
    this.#timeoutMs = silence
  }

  /** Rejects with the driver's error. */
  async run<T>(query: Query): Promise<T> {
    this.inFlightCount++
    let silence: NodeJS.Timeout | undefined
    let connection: Connection | undefined
    try {
      connection = await this.#connected()
      silence = setTimeout(closeQuietly, this.#timeoutMs, connection)
      return (await query.run(connection)) as T
    } catch (error) {
      // Whatever is wrong with the driver itself ends with the connection.
      if (connection && !isRethinkDBError(error)) closeQuietly(connection)
      throw error
    } finally {
      clearTimeout(silence)
      this.inFlightCount--
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
    return r.connect({
      server,
      user,
      password,
      db: database,
      timeout: CONNECT_TIMEOUT_S,
      silent: true,
    })
  }
}

const closeQuietly = (connection: Connection): void => void connection.close().catch(() => {})
