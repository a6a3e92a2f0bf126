import type { IncomingMessage } from 'node:http'
import type { WireError } from '@wirephoto/board'
import { createPageFileReader, type ReadPageFile } from './page-build.ts'
import { createTranslationReader, type ReadTranslation } from './page-languages.ts'

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

/** The page for a person who opens a URL that can't be served. The build makes it (packages/web/problem-page.ts). */
export class ProblemPage {
  readonly headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': POLICY,
  }
  readonly #read: ReadPageFile
  readonly #readTranslation: ReadTranslation

  /** Takes the folder of the built page, or null for none, and the path of the public URL. */
  constructor(webRoot: string | null, basePath: string) {
    this.#read = createPageFileReader(webRoot, 'problem.html', basePath)
    this.#readTranslation = createTranslationReader(webRoot)
  }

  /** Returns the page's HTML with an error's sentence as its heading; null if there is no such page. */
  async render({ code, message }: WireError, acceptLanguage = ''): Promise<string | null> {
    const file = await this.#read()
    if (file === null) return null
    const other = await this.#readTranslation(acceptLanguage)
    const heading = other?.sentences[code] ?? message
    const page = file.text.replace(/(<h1>)[^<]*/, (_, tag) => tag + escapeHtml(heading))
    if (!other) return page
    return page
      .replace('<html lang="en">', `<html lang="${other.name}" dir="${other.dir}">`)
      .replace(/(<a class="main"[^>]*>)[^<]*/, (_, tag) => tag + escapeHtml(other.wayOn))
  }
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
