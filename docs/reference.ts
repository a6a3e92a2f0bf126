import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Node } from 'typescript/unstable/ast'
import {
  isArrowFunction,
  isClassDeclaration,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is'
import { API, type Checker, type Project, type Symbol, SymbolFlags } from 'typescript/unstable/sync'

/*
 * Writes a reference of what the packages export, one page for each, from the comments in the code:
 *
 *   npm run reference
 *
 * Something without a comment fails it.
 */

const ROOT = resolve(import.meta.dirname, '..')
const FOLDER = join(ROOT, 'reference')

/** The packages that programs of others import, by the name that they do so. */
const ENTRIES = {
  '@wirephoto/client': { project: 'packages/client', file: 'src/index.ts' },
  '@wirephoto/client/elements': { project: 'packages/client', file: 'src/elements/index.ts' },
  wirephoto: { project: 'packages/cli', file: 'src/index.ts' },
}

/** A page of the reference. */
interface Page {
  /** The name by which it is imported. */
  readonly name: string
  readonly markdown: string
  /** Exports without a comment. */
  readonly undocumented: readonly string[]
}

/** Reads the pages from the code. */
export function readPages(): Page[] {
  const api = new API({ cwd: ROOT })
  try {
    return Object.entries(ENTRIES).map(([name, { project: folder, file }]) => {
      const openProjects = [join(ROOT, folder, 'tsconfig.json')]
      const [project] = api.updateSnapshot({ openProjects }).getProjects()
      return new PageReader(project!).read(name, join(ROOT, folder, file))
    })
  } finally {
    api.close()
  }
}

class PageReader {
  readonly #project: Project
  readonly #checker: Checker
  readonly #undocumented: string[] = []

  constructor(project: Project) {
    this.#project = project
    this.#checker = project.checker
  }

  read(name: string, path: string): Page {
    const file = this.#project.program.getSourceFile(path)!
    const exported = this.#checker.getExportsOfModule(this.#checker.getSymbolAtLocation(file)!)
    const sections = exported
      .toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
      .map((each) => this.#sectionOf(each))
    const markdown = `${paragraphs(`# ${name}`, ...sections)}\n`
    return { name, markdown, undocumented: this.#undocumented }
  }

  #sectionOf(exported: Symbol): string {
    const isAlias = (exported.flags & SymbolFlags.Alias) !== 0
    const symbol = isAlias ? this.#checker.getAliasedSymbol(exported) : exported
    const node = symbol.declarations[0]!.resolve()!
    const about = this.#aboutOf(symbol)
    if (about === '') this.#undocumented.push(exported.name)
    const code = isClassDeclaration(node)
      ? node.members.flatMap((member) => this.#memberOf(member))
      : [inCode(headOf(node))]
    return paragraphs(`## ${exported.name}`, about, ...code)
  }

  /** Returns a member of a class and what is said of it; nothing for one that is private. */
  #memberOf(member: Node): string[] {
    const { name } = member as Node & { readonly name?: Node }
    const head = headOf(member)
    if (!name || name.getText().startsWith('#') || /^(private|protected)\b/.test(head)) return []
    return [inCode(head), this.#aboutOf(this.#checker.getSymbolAtLocation(name)!)]
  }

  /** Returns the comment on a symbol, with what it throws. */
  #aboutOf(symbol: Symbol): string {
    const tags = symbol.getJsDocTags(this.#checker)
    const thrown = tags.flatMap(({ name, text }) =>
      name === 'throws' && text ? [`Throws ${text}`] : [],
    )
    return paragraphs(symbol.getDocumentationComment(this.#checker), ...thrown)
  }
}

const paragraphs = (...texts: readonly string[]): string => texts.filter(Boolean).join('\n\n')

/** Returns a declaration without its body. */
function headOf(node: Node): string {
  const text = node.getText()
  const bodied = isVariableDeclaration(node) ? node.initializer : node
  if (!bodied) return text
  const { body } = bodied as Node & { readonly body?: Node }
  const hasBody = body && (bodied === node || isArrowFunction(bodied))
  return hasBody
    ? text
        .slice(0, body.getStart() - node.getStart())
        .replace(/\s*=>\s*$/, '')
        .trimEnd()
    : text
}

const inCode = (code: string): string => `\`\`\`ts\n${code}\n\`\`\``

if (import.meta.main) {
  const pages = readPages()
  await mkdir(FOLDER, { recursive: true })
  for (const { name, markdown } of pages)
    await writeFile(join(FOLDER, `${name.replaceAll('/', '-').replace('@', '')}.md`), markdown)
  const undocumented = pages.flatMap((page) => page.undocumented)
  for (const name of undocumented) console.error(`${name} has no comment`)
  if (undocumented.length > 0) process.exitCode = 1
}
