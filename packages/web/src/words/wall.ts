/** The sentences of the wall. */
export const wallWords = {
  title: (title: string): string => `${title || 'Wirephoto'}, on the wall`,
  empty: 'Nothing here yet. Pictures appear as soon as someone adds them.',
  codeFor: (address: string): string => `A code that leads to ${address}`,
  reconnecting: 'reconnecting',
} as const
