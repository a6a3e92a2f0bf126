const time = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** The elements' own sentences. All others are the server's. */
export const elementWords = {
  connecting: 'Connecting…',
  offline: "The server doesn't answer. It is tried again.",
  empty: 'No pictures yet.',
  emptySlot: 'Nothing has been sent here yet.',
  lastFrame: (at: number) => `Last picture: ${time.format(at)}.`,
  noSource: 'This element has no address that leads to a board or a slot.',
  add: 'Add pictures',
  picture: 'Picture',
} as const
