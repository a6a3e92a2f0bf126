import type { Readable } from 'node:stream'
import { type AnyRecord, type Cursor, type ImageRecord, WireError } from '@wirephoto/board'
import type { BoardInfo, ClientState, Engine, HistoryEntry, Secret } from '@wirephoto/engine'
import { isOfServers } from '../access/records.ts'
import { withVariants } from '../images/ended-blob-remover.ts'
import { variantKey } from '../images/variant-key.ts'

const HISTORY_KINDS = ['audit', 'replaced', 'frame'] as const
/** More entries than there are: the number is signed, and has 32 bits. */
const ALL_COUNT = 2 ** 31 - 1

/** A board at a committed point, with all that belongs to it but its files. */
export interface BoardPoint extends BoardInfo {
  readonly cursor: Cursor
  readonly records: readonly AnyRecord[]
  readonly clients: readonly (readonly [client: string, state: ClientState])[]
  /** The oldest first. */
  readonly history: readonly HistoryEntry[]
  readonly secrets: readonly Secret[]
}

/** A stored file that a board names. */
export interface NamedBlob {
  readonly name: string
  /** A variant can be made again, and its name tells nothing of its bytes. */
  readonly isVariant: boolean
  /** Its length; null where nothing tells it. */
  readonly bytes: number | null
  /** The picture that shows it; null for one that only history names. */
  readonly picture: { readonly board: string; readonly id: string; readonly name: string } | null
}

/** Where boards come from: an engine, or a server that has its engine for itself. */
export interface BoardSource extends AsyncDisposable {
  boards(): Promise<BoardInfo[]>
  /** Reads a board. Null if it was removed meanwhile. */
  read(info: BoardInfo): Promise<BoardPoint | null>
  /** Opens a stored file. Rejects with `not-found`; the stream may fail likewise. */
  open(blob: string): Promise<Readable>
}

/** Reads boards from an engine, and closes it in the end. */
export const engineSource = (engine: Engine): BoardSource => ({
  boards: () => engine.boards.list(),
  read: (info) => readBoard(engine, info),
  open: (blob) => engine.blobs.get(blob),
  [Symbol.asyncDispose]: () => engine.close(),
})

/**
 * Reads a board at a committed point. The records come first. An entry of the history is written before the record
 * whose earlier file it keeps, so none is missing.
 */
export async function readBoard(engine: Engine, info: BoardInfo): Promise<BoardPoint | null> {
  const { board, createdAt } = info
  try {
    const { cursor, records, clients } = await engine.log.load(board)
    const history: HistoryEntry[] = []
    for (const kind of HISTORY_KINDS)
      history.push(...(await engine.history.list(board, { kind, limit: ALL_COUNT })).toReversed())
    // Servers of a copy must not find those of the original, nor be known to them.
    const secrets = (await engine.secrets.list(board)).filter(({ data }) => !isOfServers(data))
    return { board, createdAt, cursor, records, clients: [...clients], history, secrets }
  } catch (error) {
    if (error instanceof WireError && error.code === 'unknown-board') return null
    throw error
  }
}

/** Lists the files that a board names, each once. */
export function blobsOf({ board, records, history }: BoardPoint): NamedBlob[] {
  const named = new Map<string, NamedBlob>()
  const add = (blob: NamedBlob) => {
    if (!named.has(blob.name)) named.set(blob.name, blob)
  }
  for (const record of records) {
    if (!isStored(record)) continue
    const { id, blob, bytes, original, variants } = record
    const picture = { board, id, name: record.name }
    add({ name: blob, isVariant: false, bytes, picture })
    if (original) add({ name: original.blob, isVariant: false, bytes: original.bytes, picture })
    for (const side of variants ?? [])
      add({ name: variantKey(blob, side), isVariant: true, bytes: null, picture })
  }
  for (const { blob } of history) {
    if (blob === null) continue
    const [own, ...variants] = withVariants(blob)
    add({ name: own!, isVariant: false, bytes: null, picture: null })
    for (const name of variants) add({ name, isVariant: true, bytes: null, picture: null })
  }
  return [...named.values()]
}

const isStored = (record: AnyRecord): record is ImageRecord & { readonly blob: string } =>
  record.kind === 'image' && record.blob !== null
