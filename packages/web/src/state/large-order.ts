import { type Accessor, createSignal } from 'solid-js'

const [order, setOrder] = createSignal<Accessor<readonly string[]> | null>(null)

/** The order in which the large view goes through the pictures; null for that of reading. Both its users load late. */
export const largeOrder = (): readonly string[] | null => order()?.() ?? null

/** Sets that order, as a signal. */
export const setLargeOrder = (to: Accessor<readonly string[]> | null): void => {
  setOrder(() => to)
}
