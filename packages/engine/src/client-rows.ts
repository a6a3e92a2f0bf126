import { randomBytes } from 'node:crypto'
import type { Clients } from './engine.ts'

/** Client, its last number, the seq of its last effect, and its refusals as JSON or null. */
export type ClientRow = readonly [client: string, n: number, seq: number, refused: string | null]

export const rowsOf = (clients: Clients): ClientRow[] =>
  Array.from(clients, ([client, { n, seq, refused }]) => [
    client,
    n,
    seq,
    refused.length > 0 ? JSON.stringify(refused) : null,
  ])

export const clientsOf = (rows: readonly ClientRow[]): Clients =>
  new Map(
    rows.map(([client, n, seq, refused]) => [
      client,
      { n, seq, refused: refused === null ? [] : JSON.parse(refused) },
    ]),
  )

/** An epoch or a stamp. 48 bits: enough to tell two histories apart. */
export const newStamp = (): string => randomBytes(6).toString('base64url')

/** Names from outside reach no path and no table (F9). */
export const isSha256 = (name: string): boolean => /^[0-9a-f]{64}$/.test(name)
