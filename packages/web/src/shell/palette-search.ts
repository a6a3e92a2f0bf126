/** Something that the palette finds: by its name first, else by the other words for it. */
interface Findable {
  readonly label: string
  readonly synonyms?: string | undefined
}

/** Returns what is called so: those that every typed word begins a word of, by their names before by other words. */
export function found<T extends Findable>(all: readonly T[], text: string): T[] {
  const typed = wordsOf(text)
  const byName = all.filter(({ label }) => begin(typed, wordsOf(label)))
  const byOther = all.filter(({ label, synonyms = '' }) =>
    begin(typed, wordsOf(`${label} ${synonyms}`)),
  )
  return [...new Set([...byName, ...byOther])]
}

/** A thing that can't be done here yet: the words for it, and the sentence that says so. */
interface NotYet {
  readonly called: string
  readonly sentence: string
}

/** The beginning of a word is taken for the word from this length on. */
const MIN_BEGINNING_LENGTH = 3

/** Returns the sentence about what can't be done yet, if the first or the last of the typed words means it. */
export function notYet(all: readonly NotYet[], text: string): string | null {
  const means = (typed: string, word: string): boolean =>
    typed.length < MIN_BEGINNING_LENGTH ? word === typed : word.startsWith(typed)
  const words = wordsOf(text)
  const typed = [...words.slice(0, 1), ...words.slice(-1)]
  const meant = all.find(({ called }) =>
    wordsOf(called).some((word) => typed.some((each) => means(each, word))),
  )
  return meant?.sentence ?? null
}

const begin = (typed: readonly string[], words: readonly string[]): boolean =>
  typed.every((start) => words.some((word) => word.startsWith(start)))

/** Returns the words of a text, without case, accents, signs and the Arabic article. */
const wordsOf = (text: string): string[] =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .map((word) => word.replace(/^ال(?=..)/, ''))
    .filter(Boolean)
