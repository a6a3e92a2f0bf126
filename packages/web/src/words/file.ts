import { inLanguage } from './language.ts'

/** The rest of the sentences that begin with a file's name. */
export const fileWords = inLanguage('file', {
  unreadable: "can't be read. Choose it again; a folder can be dropped on the board.",
})
