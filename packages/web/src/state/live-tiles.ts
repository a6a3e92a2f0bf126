import { createSignal } from 'solid-js'

/** The tiles whose frames come by the socket: what is stored of them needn't be loaded. */
export const [liveTiles, setLiveTiles] = createSignal<ReadonlySet<string>>(new Set())
