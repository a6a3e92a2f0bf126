import type { Clients } from './engine.ts'

/** Client, its last number, the seq of its last effect, and its refusals as JSON or null. */
export type ClientRow = readonly [client: string, n: number, seq: number, refused: string | null]

export const toClientRows = (clients: Clients): ClientRow[] =>
  Array.from(clients, ([client, { n, seq, refused }]) => [
    client,
    n,
    seq,
    refused.length > 0 ? JSON.stringify(refused) : null,
  ])

export const fromClientRows = (rows: readonly ClientRow[]): Clients =>
  new Map(
    rows.map(([client, n, seq, refused]) => [
      client,
      { n, seq, refused: refused === null ? [] : JSON.parse(refused) },
    ]),
  )
