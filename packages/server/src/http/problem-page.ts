import type { IncomingMessage } from 'node:http'
import type { WireError } from '@wirephoto/board'
import { createPageFileReader, type ReadPageFile } from './page-build.ts'

/** The page's own styles and fonts, and nothing else. */
const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The page in another language than English, as the build writes it. */
interface OtherLanguage {
  readonly dir: string
  readonly wayOn: string
  readonly sentences: Readonly<Record<string, string>>
}

/** The page for a person who opens a URL that can't be served. The build makes it (packages/web/problem-page.ts). */
export class ProblemPage {
  readonly headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': POLICY,
  }
  readonly #read: ReadPageFile
  readonly #readLanguages: ReadPageFile

  /** Takes the folder of the built page, or null for none, and the path of the public URL. */
  constructor(webRoot: string | null, basePath: string) {
    this.#read = createPageFileReader(webRoot, 'problem.html', basePath)
    this.#readLanguages = createPageFileReader(webRoot, 'problem.json', basePath)
  }

  /** Returns the page's HTML with an error's sentence as its heading; null if there is no such page. */
  async render({ code, message }: WireError, acceptLanguage = ''): Promise<string | null> {
    const file = await this.#read()
    if (file === null) return null
    const languages = JSON.parse((await this.#readLanguages())?.text ?? '{}') as Languages
    const name = firstOf(acceptLanguage, languages)
    const other = languages[name]
    const heading = other?.sentences[code] ?? message
    const page = file.text.replace(/(<h1>)[^<]*/, (_, tag) => tag + escapeHtml(heading))
    if (!other) return page
    return page
      .replace('<html lang="en">', `<html lang="${name}" dir="${other.dir}">`)
      .replace(/(<a class="main"[^>]*>)[^<]*/, (_, tag) => tag + escapeHtml(other.wayOn))
  }
}

type Languages = Readonly<Partial<Record<string, OtherLanguage>>>

/** Returns the language that a person's browser names first, of English and these (RFC 9110 section 12.5.4). */
function firstOf(acceptLanguage: string, languages: Languages): string {
  const asked = acceptLanguage.split(',').map((range) => {
    const [tag = '', quality = '1'] = range.split(/;\s*q=/)
    return { name: tag.trim().toLowerCase().split('-')[0]!, quality: Number(quality) }
  })
  asked.sort((a, b) => b.quality - a.quality)
  return asked.find(({ name }) => name === 'en' || Object.hasOwn(languages, name))?.name ?? 'en'
}

/** Returns whether a person opens this URL in a browser. Over plain http browsers send no `Sec-Fetch-Mode`. */
export function isNavigation({ method, headers }: IncomingMessage): boolean {
  const { accept = '', 'sec-fetch-mode': mode = 'navigate' } = headers
  return method === 'GET' && mode === 'navigate' && accept.includes('text/html')
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => ENTITIES[char]!)
