/** The elements' own sentences. All others are the server's. */
export const elementWords = {
  connecting: 'Connecting…',
  offline: "The server doesn't answer. It is tried again.",
  empty: 'No pictures yet.',
  noSource: 'This element has no address of a board.',
  add: 'Add pictures',
  picture: 'Picture',
} as const
