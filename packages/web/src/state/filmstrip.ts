import { createSignal } from 'solid-js'

/** The id of the live tile whose filmstrip is open, or was last. */
export const [filmstripId, setFilmstripId] = createSignal<string | null>(null)
