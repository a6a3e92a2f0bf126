import { createSignal } from 'solid-js'

/** The pictures that the feed has in view; null while no feed covers the board. All who ask load late. */
export const [idsInFeed, setIdsInFeed] = createSignal<readonly string[] | null>(null)
