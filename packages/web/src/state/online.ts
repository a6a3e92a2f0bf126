import { type Accessor, createSignal } from 'solid-js'

const [get, set] = createSignal(navigator.onLine)
const update = (): void => {
  set(navigator.onLine)
}
addEventListener('online', update)
addEventListener('offline', update)

/** Whether the browser says that it has a network. It may have one that doesn't lead to the server. */
export const isOnline: Accessor<boolean> = get
