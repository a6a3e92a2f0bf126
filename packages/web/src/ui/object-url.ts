import { type Accessor, createMemo, onCleanup } from 'solid-js'

/** Returns the address of a blob for as long as it is the one to show; null without one. */
export function createObjectUrl(blob: Accessor<Blob | null | undefined>): Accessor<string | null> {
  return createMemo(() => {
    const now = blob()
    if (!now) return null
    const address = URL.createObjectURL(now)
    onCleanup(() => URL.revokeObjectURL(address))
    return address
  })
}
