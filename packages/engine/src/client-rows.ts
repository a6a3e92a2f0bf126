import type { Clients } from './engine.ts'

/**
 * A client's state as databases store it. `n` numbers its last command, `seq` is the batch of its last
 * effect, and `refused` holds its refusals as JSON.
 */
export type ClientRow = readonly [client: string, n: number, seq: number, refused: string | null]

/** Encodes client states as rows. */
export const toClientRows = (clients: Clients): ClientRow[] =>
  Array.from(clients, ([client, { n, seq, refused }]) => [
    client,
    n,
    seq,
    refused.length > 0 ? JSON.stringify(refused) : null,
  ])

/** Decodes rows into client states. If a client has several rows, the last one counts. */
export const fromClientRows = (rows: readonly ClientRow[]): Clients =>
  new Map(
    rows.map(([client, n, seq, refused]) => [
      client,
      { n, seq, refused: refused === null ? [] : JSON.parse(refused) },
    ]),
  )
