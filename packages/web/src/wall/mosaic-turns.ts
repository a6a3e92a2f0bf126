/** A picture for the mosaic. */
export interface MosaicPicture {
  readonly id: string
  /** Width by height. */
  readonly ratio: number
}

/** The share of the tiles that may change next: those that have stood longest. */
const CHANGEABLE_FACTOR = 0.5
/** Two pictures whose shapes differ by more don't change places. */
const MAX_EXCHANGE_FACTOR = 1.2

/** Returns by which factor two shapes differ, from 1 for the same shape. */
export const shapeFactor = (a: number, b: number): number => Math.max(a / b, b / a)

/**
 * Chooses which pictures a mosaic's tiles show. One is changed at a time, and each picture of the board takes its
 * turn. It draws nothing and has no clock.
 */
export class MosaicTurns {
  #tiles: string[] = []
  /** When each picture came on, or went last, as a number that grows with each change. */
  readonly #changedAt = new Map<string, number>()
  #changeCount = 0

  /** The pictures on the tiles, by tile. */
  get tiles(): readonly string[] {
    return this.#tiles
  }

  /**
   * Takes pictures that are gone off their tiles, and fills tiles that are free. The newest pictures come first.
   * Returns whether the number of tiles has changed.
   */
  settle(pictures: readonly MosaicPicture[], maxCount: number): boolean {
    const before = this.#tiles.length
    const known = new Set(pictures.map(({ id }) => id))
    for (const id of this.#changedAt.keys()) if (!known.has(id)) this.#changedAt.delete(id)
    const shown = new Set(this.#tiles)
    const others = this.#longestAway(pictures.filter(({ id }) => !shown.has(id)))
    const kept = this.#tiles.map((id) => (known.has(id) ? id : (others.shift()?.id ?? null)))
    this.#tiles = kept.filter((id) => id !== null).slice(0, maxCount)
    const free = Math.max(0, maxCount - this.#tiles.length)
    this.#tiles.push(...others.slice(0, free).map(({ id }) => id))
    return this.#tiles.length !== before
  }

  /**
   * Changes one tile to the picture that has been away longest, where its shape fits best. Two change places where
   * every picture has a tile. `ratios` are those of the tiles.
   */
  change(pictures: readonly MosaicPicture[], ratios: readonly number[]): void {
    const shown = new Set(this.#tiles)
    const [next] = this.#longestAway(pictures.filter(({ id }) => !shown.has(id)))
    const changeable = this.#tiles
      .map((id, tile) => ({ id, tile, at: this.#changedAt.get(id) ?? 0 }))
      .sort((a, b) => a.at - b.at)
      .slice(0, Math.max(1, Math.ceil(this.#tiles.length * CHANGEABLE_FACTOR)))
    if (!next) return this.#exchange(pictures, changeable)
    let best = changeable[0]
    for (const each of changeable)
      if (
        shapeFactor(ratios[each.tile]!, next.ratio) < shapeFactor(ratios[best!.tile]!, next.ratio)
      )
        best = each
    if (!best) return
    this.#note(best.id, next.id)
    this.#tiles = this.#tiles.with(best.tile, next.id)
  }

  #exchange(
    pictures: readonly MosaicPicture[],
    changeable: readonly { readonly id: string; readonly tile: number }[],
  ): void {
    const ratioOf = new Map(pictures.map(({ id, ratio }) => [id, ratio]))
    for (const first of changeable) {
      const second = changeable.find(
        ({ id }) =>
          id !== first.id &&
          shapeFactor(ratioOf.get(id)!, ratioOf.get(first.id)!) <= MAX_EXCHANGE_FACTOR,
      )
      if (!second) continue
      this.#note(first.id, second.id)
      this.#tiles = this.#tiles.with(first.tile, second.id).with(second.tile, first.id)
      return
    }
  }

  #note(...ids: readonly string[]): void {
    this.#changeCount++
    for (const id of ids) this.#changedAt.set(id, this.#changeCount)
  }

  #longestAway(pictures: readonly MosaicPicture[]): MosaicPicture[] {
    const at = (id: string): number => this.#changedAt.get(id) ?? 0
    return pictures.toSorted((a, b) => at(a.id) - at(b.id))
  }
}
