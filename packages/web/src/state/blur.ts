import { createSignal } from 'solid-js'

type Reader = typeof import('./thumbhash.ts')

let reader: Reader | null = null
let isLoading = false
const [isLoaded, setLoaded] = createSignal(false)

/** Returns the blur of a thumbhash as a data URL, null if it is invalid or its reader isn't loaded yet. */
export const blurOf = (thumbhash: string): string | null =>
  readerOrLoad()?.blurOf(thumbhash) ?? null

/** Returns the mean colour of a thumbhash in CSS, null as for `blurOf`. */
export const colourOf = (thumbhash: string): string | null =>
  readerOrLoad()?.colourOf(thumbhash) ?? null

/** Returns the paper that a transparent picture shows on, in CSS. Undefined for no paper, and without the reader. */
export const paperOf = (thumbhash: string | null | undefined): string | undefined =>
  (isLoaded() && thumbhash && reader!.paperOf(thumbhash)) || undefined

/** Returns the reader of thumbhashes, loaded for the first picture. Callers track its arrival. */
function readerOrLoad(): Reader | null {
  if (reader || isLoaded()) return reader
  loadReader()
  return null
}

/** Loads the reader, unless it is here or on its way: a later build of the page may not have it any more. */
export function loadReader(): void {
  if (reader || isLoading) return
  isLoading = true
  import('./thumbhash.ts').then(
    (loaded) => {
      reader = loaded
      setLoaded(true)
    },
    () => {
      isLoading = false
    },
  )
}
