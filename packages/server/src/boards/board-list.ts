import { isHeldLog, settings, WireError } from '@wirephoto/board'
import type { BoardInfo, Engine } from '@wirephoto/engine'

/** Boards of one part of the list. Each is read whole, one after the other, and none stays in memory. */
const PART_COUNT = 20

/** A board in the list of the server's owner. */
interface ListedBoard {
  readonly id: string
  readonly title: string
  /** Pictures that aren't in the trash. */
  readonly pictures: number
  /** Bytes of all stored files, each counted once, those in the trash too. */
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** A part of the list of all boards. */
export interface BoardList {
  readonly boards: readonly ListedBoard[]
  /** The place where the next part begins; null at the end. */
  readonly next: string | null
}

/** The form of a place in the list. */
const BOARD_LIST_PLACE = /^(\d{1,15})\.([\w-]{1,64})$/

/** Lists boards behind a place, the newest first. */
export async function listBoards(
  engine: Pick<Engine, 'boards' | 'log'>,
  place: string | null,
): Promise<BoardList> {
  const all = (await engine.boards.list()).filter(({ board }) => !isHeldLog(board)).sort(byAge)
  const [, createdAt, board] = BOARD_LIST_PLACE.exec(place ?? '') ?? []
  const last = board === undefined ? null : { board, createdAt: Number(createdAt) }
  const rest = last ? all.filter((each) => byAge(last, each) < 0) : all
  const part = rest.slice(0, PART_COUNT)
  const boards: ListedBoard[] = []
  for (const info of part) {
    const listed = await read(engine, info)
    if (listed) boards.push(listed)
  }
  const end = part.at(-1)
  return { boards, next: end && rest.length > part.length ? placeOf(end) : null }
}

const placeOf = ({ board, createdAt }: BoardInfo): string => `${createdAt}.${board}`

const byAge = (a: BoardInfo, b: BoardInfo): number =>
  b.createdAt - a.createdAt || (a.board < b.board ? -1 : Number(a.board > b.board))

/** Reads a board for the list. Null if it has been removed meanwhile. */
async function read(
  { log }: Pick<Engine, 'log'>,
  { board: id, createdAt }: BoardInfo,
): Promise<ListedBoard | null> {
  const loaded = await log.load(id).catch((error: unknown) => {
    if (error instanceof WireError && error.code === 'unknown-board') return null
    throw error
  })
  if (!loaded) return null
  const files = new Map<string, number>()
  let pictures = 0
  for (const record of loaded.records) {
    if (record.kind !== 'image') continue
    if (record.deletedAt === null) pictures++
    if (record.blob !== null) files.set(record.blob, record.bytes ?? 0)
    if (record.original) files.set(record.original.blob, record.original.bytes)
  }
  const { title } = settings(new Map(loaded.records.map((record) => [record.id, record])))
  const bytes = files.values().reduce((sum, each) => sum + each, 0)
  return { id, title, pictures, bytes, createdAt }
}
