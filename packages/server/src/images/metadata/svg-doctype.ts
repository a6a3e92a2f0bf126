import { blank } from './blank.ts'
import { isOnDisk } from './svg-css.ts'

/** The parts of a document type (XML 1.0 sections 2.8 and 4.2). Each begins where the one before it ended. */
const START = /<!DOCTYPE[ \t\r\n]+[^\s<>"'[\]]+/y
const KEYWORD = /[ \t\r\n]+(?:SYSTEM|PUBLIC)(?=[ \t\r\n])/y
const LITERAL = /[ \t\r\n]+("[^"]*"|'[^']*')/y
const SUBSET_START = /[ \t\r\n]*\[/y
const SPACE = /[ \t\r\n]+/y
const END = /[ \t\r\n]*>/y
const ENTITY = /<!ENTITY[ \t\r\n]+([^\s%"'<>&;]+)[ \t\r\n]+("[^"]*"|'[^']*')[ \t\r\n]*>/y
/** Comments, instructions, parameter entities, and declarations that nothing drawn depends on. */
const WIPED = [
  /<!--[^]*?-->/y,
  /<\?[^]*?\?>/y,
  /%[^\s;%]+;/y,
  /<!(?:ENTITY|ATTLIST|ELEMENT|NOTATION)[ \t\r\n][^"'<>]*(?:(?:"[^"]*"|'[^']*')[^"'<>]*)*>/y,
]
/** Names of standards, and addresses in the net. */
const KEPT_LITERAL = /^.(?:-\/\/W3C\/\/|https?:\/\/)/
const NAMESPACE = /^https?:\/\/[^\s<>&%]*$/
/** Values without a mark: neither as it is nor by its number. */
const PLAIN = /^(?:[^<&%]|&#(?!0*(?:38|60);|x0*(?:26|3c);)[\da-fx]+;)*$/i

/** The document type of an SVG. */
export interface SvgDoctype {
  /** Position behind it. */
  readonly end: number
  /**
   * Returns it in its length, with the entities that are `named` and those that are namespaces; and the names of
   * both. Everything else is overwritten.
   */
  readonly keep: (named: ReadonlySet<string>) => { text: string; entities: ReadonlySet<string> }
}

/** Reads the document type that begins at `start`; null for one that isn't understood. */
export function readDoctype(text: string, start: number): SvgDoctype | null {
  const parts: Part[] = []
  let at = start
  const read = (part: RegExp): RegExpExecArray | null => {
    part.lastIndex = at
    const found = part.exec(text)
    if (found) at = part.lastIndex
    return found
  }
  const keep = (part: RegExp): boolean => {
    const found = read(part)
    if (found) parts.push({ text: found[0] })
    return found !== null
  }
  if (!keep(START)) return null
  keep(KEYWORD)
  for (let found = read(LITERAL); found; found = read(LITERAL)) {
    const [literal, quoted] = [found[0], found[1]!]
    parts.push({ text: KEPT_LITERAL.test(quoted) ? literal : literal.replace(quoted, emptied) })
  }
  if (keep(SUBSET_START)) {
    while (text[at] !== ']') {
      if (keep(SPACE)) continue
      const entity = read(ENTITY)
      const wiped = entity ?? WIPED.map(read).find((found) => found !== null)
      if (!wiped) return null
      parts.push(entity ? entityPart(entity) : { text: blank(wiped[0]) })
    }
    parts.push({ text: ']' })
    at++
  }
  if (!keep(END)) return null
  return { end: at, keep: (named) => kept(parts, named) }
}

/** A part of a document type. A declared entity has a name, empty if the entity can't stay. */
interface Part {
  readonly text: string
  readonly entity?: string
  readonly isNamespace?: boolean
}

function entityPart({ 0: text, 1: name, 2: quoted }: RegExpExecArray): Part {
  const value = quoted!.slice(1, -1)
  const isKept = PLAIN.test(value) && !isOnDisk(value)
  return { text, entity: isKept ? name! : '', isNamespace: NAMESPACE.test(value) }
}

function kept(parts: readonly Part[], named: ReadonlySet<string>): ReturnType<SvgDoctype['keep']> {
  const entities = new Set<string>()
  const texts = parts.map(({ text, entity, isNamespace }) => {
    if (entity === undefined) return text
    if (entity === '' || !(isNamespace || named.has(entity))) return blank(text)
    entities.add(entity)
    return text
  })
  return { text: texts.join(''), entities }
}

const emptied = (quoted: string): string => quoted[0]! + blank(quoted.slice(1, -1)) + quoted[0]!
