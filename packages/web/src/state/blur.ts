import { createSignal } from 'solid-js'

type Reader = typeof import('./thumbhash.ts')

let reader: Reader | null = null
let isAsked = false
const [isHere, tell] = createSignal(false)

/** The blur of a thumbhash as a picture's address, null for one that can't be read, or not yet. */
export const blurOf = (thumbhash: string): string | null => ask()?.blurOf(thumbhash) ?? null

/** The mean colour of a thumbhash, as CSS has it, null for one that can't be read, or not yet. */
export const colourOf = (thumbhash: string): string | null => ask()?.colourOf(thumbhash) ?? null

/** What reads thumbhashes: fetched with the first picture. Who asks before it is here hears of it. */
function ask(): Reader | null {
  if (reader || isHere()) return reader
  if (!isAsked) void fetchReader()
  return null
}

async function fetchReader(): Promise<void> {
  isAsked = true
  reader = await import('./thumbhash.ts').catch(() => null)
  isAsked = false
  if (reader) tell(true)
}
