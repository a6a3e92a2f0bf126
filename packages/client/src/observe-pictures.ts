import type { ImageRecord } from '@wirephoto/board'

type Pictures = readonly ImageRecord[]

/** The pictures that stand on a board, as the stores of React, Vue and Svelte want them. */
export interface ObservablePictures {
  /** The lowest first. It is another array after each change, and the same one until then. */
  readonly current: Pictures
  /** Calls `run` at once and after each change, until the returned function is called. */
  subscribe(run: (pictures: Pictures) => void): () => void
}

/** A `Board`, as far as its pictures are observed. */
interface ObservedBoard {
  readonly pictures: ReadonlyMap<string, ImageRecord>
  on(event: 'pictures', listener: () => void): () => void
}

/** Observes the pictures of a board, without those in the trash. */
export function observePictures(board: ObservedBoard): ObservablePictures {
  let current: Pictures | null = null
  const look = (): Pictures => {
    current ??= [...board.pictures.values()]
      .filter(({ deletedAt }) => deletedAt === null)
      .sort((a, b) => (a.z < b.z ? -1 : 1))
    return current
  }
  board.on('pictures', () => {
    current = null
  })
  return {
    get current() {
      return look()
    },
    subscribe(run) {
      const off = board.on('pictures', () => run(look()))
      run(look())
      return off
    },
  }
}
