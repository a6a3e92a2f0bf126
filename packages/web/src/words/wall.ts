import { inLanguage } from './language.ts'

/** The sentences of the wall. */
export const wallWords = inLanguage('wall', {
  title: (title: string): string => `${title || 'Wirephoto'}, on the wall`,
  empty: 'Nothing here yet. Pictures appear as soon as someone adds them.',
  codeFor: (address: string): string => `A code that leads to ${address}`,
  scanToAdd: 'Scan to add yours',
  scanToSee: 'Scan to see them all',
  scanToBegin: 'Scan to add the first',
  reconnecting: 'reconnecting',

  // The panel that shows when the pointer moves
  settings: 'This wall',
  quietView: 'While nothing new comes',
  mosaic: 'Mosaic',
  orders: {
    newest: 'Newest first',
    oldest: 'Oldest first',
    shuffled: 'Shuffled',
  },
  slots: 'Live slots in place of all pictures',
  noFrame: (name: string): string => `Nothing comes from ${name}`,
  pace: 'Each picture stands',
  seconds: (n: number): string => `${n} seconds`,
  fullScreen: 'Full screen',
  leaveFullScreen: 'Leave full screen',
  keys: 'Keys: S changes the view, + and − the pace, F the full screen.',
})
