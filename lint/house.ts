/** The house's own lint rules (docs/style.md): units on constants, sentences in comments, copy in its tables. */

interface Node {
  readonly type: string
  readonly [key: string]: unknown
}

interface Context {
  readonly sourceCode: { getAllComments(): readonly (Node & { readonly value: string })[] }
  report(problem: { message: string; node: Node }): void
}

const UNIT =
  /(_MS|_S|_DAYS|_BYTES|_COUNT|_LENGTH|_FACTOR|_PX|_PIXELS|_UNITS|_ZOOM|_NICE|_PORT|_PER_[A-Z]+)$/
const EXEMPT = /(^|_)(VERSION|STATUS|SEED)$/
const CONSTANT = /^[A-Z][A-Z0-9_]*$/

/** Whether an expression is a number put together from decimal literals and other constants. */
function isQuantity(node: Node | null): boolean {
  if (node?.type === 'Literal')
    return typeof node.value === 'number' && !/^0[xob]/i.test(String(node.raw))
  if (node?.type === 'UnaryExpression') return isQuantity(node.argument as Node)
  if (node?.type !== 'BinaryExpression') return false
  const sides = [node.left, node.right] as Node[]
  const isPart = (side: Node) =>
    isQuantity(side) || (side.type === 'Identifier' && CONSTANT.test(String(side.name)))
  return sides.every(isPart) && sides.some(isQuantity)
}

/** Demands a unit at the end of a constant that is a duration, a size, a count or a factor. */
const unitInName = {
  create: (context: Context) => ({
    VariableDeclarator(node: Node) {
      const id = node.id as Node
      const name = String(id.name)
      if (id.type !== 'Identifier' || !CONSTANT.test(name) || !isQuantity(node.init as Node)) return
      if (UNIT.test(name) || EXEMPT.test(name)) return
      context.report({ message: `${name} doesn't say its unit: end it with _MS, _BYTES, …`, node })
    },
  }),
}

const SENTENCE_WORD_COUNT = 25

/** Demands short sentences with a subject in comments. */
const plainComments = {
  create: (context: Context) => ({
    Program() {
      for (const comment of paragraphs(context.sourceCode.getAllComments()))
        for (const sentence of sentencesOf(comment.text)) {
          const words = sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word))
          if (words.length > SENTENCE_WORD_COUNT)
            context.report({
              message: `A sentence of ${words.length} words; ${SENTENCE_WORD_COUNT} are enough: "${sentence}"`,
              node: comment.node,
            })
          if (/^(What|Whoever|Of)\b/.test(sentence))
            context.report({
              message: `A sentence without a subject: "${sentence}"`,
              node: comment.node,
            })
        }
    },
  }),
}

/** The texts of comments; line comments below one another are one text, drawings are left out. */
function paragraphs(comments: readonly (Node & { readonly value: string })[]) {
  const found: { text: string; node: Node; end: number }[] = []
  for (const comment of comments) {
    const { line } = (comment.loc as { start: { line: number } }).start
    const end = (comment.loc as { end: { line: number } }).end.line
    const before = found.at(-1)
    const isNext = comment.type === 'Line' && before?.end === line - 1
    if (isNext) Object.assign(before, { text: `${before.text}\n${comment.value}`, end })
    else found.push({ text: comment.value, node: comment, end })
  }
  return found
}

function sentencesOf(text: string): string[] {
  const prose = text
    .split('\n')
    .map((line) => line.replace(/^\s*\*?(?= |$)/, ''))
    // Indented lines are drawings or code; a tag or an empty line ends a paragraph.
    .map((line) => (/^ {4,}\S/.test(line) || /^\s*@/.test(line) ? '' : line.trim()))
    // Each item of a list is a paragraph.
    .map((line) => (line.startsWith('- ') ? `\n${line.slice(2)}` : line))
    .join('\n')
  return prose
    .split(/\n{2,}/)
    .flatMap((paragraph) => paragraph.replace(/\s+/g, ' ').split(/(?<=[.!?:;])\s+(?=[A-Z`"(])/))
    .map((sentence) => sentence.trim())
    .filter(Boolean)
}

/** Attributes that people read or hear. */
const READ_ATTRIBUTES =
  /^(aria-(label|description|roledescription)|title|placeholder|alt|label|data-tip)$/
const TOAST_CALLS = /^(say|warn|insist)$/

/** Demands that the page's copy stands in its tables, where each language has it. */
const copyInTables = {
  create: (context: Context) => {
    const check = (text: unknown, node: Node): void => {
      if (typeof text === 'string' && /\p{L}{2}/u.test(text))
        context.report({ message: `"${text.trim()}" belongs into packages/web/src/words`, node })
    }
    return {
      JSXText: (node: Node) => check(node.value, node),
      JSXAttribute(node: Node) {
        const { name } = node.name as Node
        const value = node.value as Node | null
        if (READ_ATTRIBUTES.test(String(name))) check(value?.value, node)
      },
      CallExpression(node: Node) {
        const { type, object, property } = node.callee as Node
        if (type !== 'MemberExpression' || !TOAST_CALLS.test(String((property as Node).name)))
          return
        const of = object as Node
        const owner = of.type === 'MemberExpression' ? (of.property as Node) : of
        const [first] = node.arguments as Node[]
        if (owner.name !== 'toasts' || !first) return
        if (first.type === 'Literal') check(first.value, node)
        if (first.type === 'TemplateLiteral')
          check(
            (first.quasis as Node[]).map(({ value }) => (value as { raw: string }).raw).join(' '),
            node,
          )
      },
    }
  },
}

export default {
  meta: { name: 'house' },
  rules: {
    'unit-in-name': unitInName,
    'plain-comments': plainComments,
    'copy-in-tables': copyInTables,
  },
}
