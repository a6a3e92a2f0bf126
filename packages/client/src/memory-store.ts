import { type Claim, isHeld, type SavedCommand, type SavedFile, type Store } from './store.ts'

/** Makes a store that lasts as long as the process. Several boards may share it. */
export function memoryStore(): Store {
  let commands: SavedCommand[] = []
  const files = new Map<string, SavedFile>()
  const claims = new Map<string, Claim>()
  return {
    commands: async (board) => commands.filter((saved) => saved.board === board),
    async putCommands(more) {
      commands.push(...more)
    },
    async settle(client, n) {
      commands = commands.filter((saved) => saved.client !== client || saved.n > n)
    },
    async take(client) {
      const taken = commands.filter((saved) => saved.client === client)
      commands = commands.filter((saved) => saved.client !== client)
      return taken
    },
    files: async (board) => [...files.values()].filter((saved) => saved.board === board),
    async putFile(file) {
      files.set(file.id, file)
    },
    async removeFile(id) {
      files.delete(id)
      claims.delete(id)
    },
    async claim(id, page, until) {
      if (isHeld(claims.get(id), page)) return false
      claims.set(id, { id, page, until })
      return true
    },
    async release(ids) {
      for (const id of ids) claims.delete(id)
    },
    close() {},
  }
}
