import type { ImageRecord, Records } from '@wirephoto/board'

/** Finds the tile of a slot, in the trash or not: the oldest, if two servers have made one at the same moment. */
export function tileOf(records: Records, name: string): ImageRecord | undefined {
  return tilesOf(records, (slot) => slot === name)[0]
}

/** Returns the tiles of the slots on a board that aren't in the trash: one of each name, by name. */
export function shownTiles(records: Records): ImageRecord[] {
  const byName = new Map<string, ImageRecord>()
  for (const tile of tilesOf(records, () => true).reverse()) byName.set(tile.slot!, tile)
  return [...byName.values()]
    .filter(({ deletedAt }) => deletedAt === null)
    .sort((a, b) => (a.slot! < b.slot! ? -1 : 1))
}

/** Returns the tiles of the slots that are meant, the oldest first: ids are in the order of their times. */
export function tilesOf(records: Records, isMeant: (slot: string) => boolean): ImageRecord[] {
  const tiles: ImageRecord[] = []
  for (const record of records.values())
    if (record.kind === 'image' && record.slot !== null && isMeant(record.slot)) tiles.push(record)
  return tiles.sort((a, b) => (a.id < b.id ? -1 : 1))
}
