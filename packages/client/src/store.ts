/** What outlives a page: commands that nobody has answered yet, and files that aren't stored yet. */
export interface Store {
  close(): void
}

/** Forgets everything when the page goes. */
export function memoryStore(): Store {
  return { close() {} }
}
