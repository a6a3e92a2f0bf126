import { WireError } from '@wirephoto/board'
import { type Connection, isRethinkDBError, r, type WriteResult } from 'rethinkdb-ts'
import { InFlight } from '../in-flight.ts'
import type { Address } from './address.ts'
import { toWireError } from './errors.ts'

const CONNECT_TIMEOUT_S = 10
/** The silence after which a connection counts as dead. */
const QUERY_TIMEOUT_MS = 30_000

/** A ReQL query. The driver doesn't know the type of its result. */
export interface Query {
  run(connection: Connection): Promise<unknown>
}

/**
 * A pool of connections to a cluster. Queries reject with `away` for failures that pass; a write is then
 * in doubt.
 */
export class Database {
  readonly #connections: readonly ReconnectingConnection[]
  readonly #inFlight = new InFlight()
  #closed = false

  /** Opens no connection yet. At most `size` are opened, when they are needed. */
  constructor(address: Address, size: number) {
    this.#connections = Array.from({ length: size }, () => new ReconnectingConnection(address))
  }

  /** Runs a query on the connection with the fewest in flight. */
  async run<T>(query: Query): Promise<T> {
    this.checkOpen()
    const idlest = this.#connections.reduce((one, other) =>
      other.inFlightCount < one.inFlightCount ? other : one,
    )
    try {
      return await this.#inFlight.track(idlest.run<T>(query))
    } catch (error) {
      throw toWireError(error)
    }
  }

  /** Runs a write. Rejects even if only one of its documents failed. */
  async write<T>(query: Query): Promise<WriteResult<T>> {
    const result = await this.run<WriteResult<T>>(query)
    // The message may go on with the document, which is private.
    if (result.errors > 0) throw new Error(result.first_error?.split('\n')[0])
    return result
  }

  /** Finishes the queries that have been started, then disconnects. Later queries reject with `stopping`. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#inFlight.whenSettled()
    await Promise.all(this.#connections.map((connection) => connection.close()))
  }

  /** Throws `stopping` once the database is closed. */
  checkOpen(): void {
    if (this.#closed) throw new WireError('stopping')
  }
}

/** A connection that opens when it is needed, and opens again after it broke. */
export class ReconnectingConnection {
  readonly #address: Address
  readonly #timeoutMs: number
  #opening: Promise<Connection> | null = null
  #serverIndex = 0
  #closed = false
  /** The number of queries without an answer. */
  inFlightCount = 0

  constructor(address: Address, timeoutMs = QUERY_TIMEOUT_MS) {
    this.#address = address
    this.#timeoutMs = timeoutMs
  }

  /** Runs a query. Rejects with the driver's error. */
  async run<T>(query: Query): Promise<T> {
    this.inFlightCount++
    let timer: NodeJS.Timeout | undefined
    let connection: Connection | undefined
    try {
      connection = await this.#connected()
      timer = setTimeout(closeQuietly, this.#timeoutMs, connection)
      return (await query.run(connection)) as T
    } catch (error) {
      // An error of the driver itself may leave the connection unusable.
      if (connection && !isRethinkDBError(error)) closeQuietly(connection)
      throw error
    } finally {
      clearTimeout(timer)
      this.inFlightCount--
    }
  }

  /** Closes the connection. Queries without an answer reject. */
  async close(): Promise<void> {
    this.#closed = true
    const connection = await this.#opening?.catch(() => null)
    await connection?.close()
  }

  async #connected(): Promise<Connection> {
    if (this.#closed) throw new WireError('stopping')
    const opening = (this.#opening ??= this.#connect())
    const connection = await opening.catch((error: unknown) => {
      if (this.#opening === opening) this.#opening = null
      throw error
    })
    if (connection.open) return connection
    // A connection that the driver reopens would reuse query tokens, so each gets an object of its own.
    if (this.#opening === opening) this.#opening = null
    return this.#connected()
  }

  /** Connects to the server that was reached last, or to the next one that is. */
  async #connect(): Promise<Connection> {
    const { servers, user, password, database: db } = this.#address
    for (let tries = 1; ; tries++) {
      const server = servers[this.#serverIndex]!
      try {
        const timeout = CONNECT_TIMEOUT_S
        return await r.connect({ server, user, password, db, timeout, silent: true })
      } catch (error) {
        this.#serverIndex = (this.#serverIndex + 1) % servers.length
        if (tries >= servers.length) throw error
      }
    }
  }
}

const closeQuietly = (connection: Connection): void => {
  connection.close().catch(() => {})
}
