import type { Bus } from './engine.ts'

/** Of a server that has nobody else to hear, or no way to. */
export const deafBus: Bus = {
  publish() {},
  subscribe: () => () => {},
}
