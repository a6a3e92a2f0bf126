import { createPageFileReader } from './page-build.ts'

/** The sentences of the server's own pages in another language than English, as the build writes them. */
interface Translation {
  readonly dir: string
  readonly wayOn: string
  /** The sentence that other programs show below a link to a board. */
  readonly preview: string
  /** Those of errors, by their codes. */
  readonly sentences: Readonly<Record<string, string>>
}

/** Returns the language that a person's browser names first, of English and those of the build; null for English. */
export type ReadTranslation = (
  acceptLanguage: string | undefined,
) => Promise<(Translation & { readonly name: string }) | null>

type Translations = Readonly<Partial<Record<string, Translation>>>

/** Creates a reader of the translations, which the build writes (packages/web/problem-page.ts). */
export function createTranslationReader(webRoot: string | null): ReadTranslation {
  const read = createPageFileReader(webRoot, 'languages.json', '')
  let last: { readonly digest: string; readonly translations: Translations } | null = null
  return async (acceptLanguage = '') => {
    const file = await read()
    if (file === null) return null
    if (last?.digest !== file.digest)
      last = { digest: file.digest, translations: JSON.parse(file.text) as Translations }
    const { translations } = last
    const name = firstOf(acceptLanguage, translations)
    const translation = translations[name]
    return translation ? { ...translation, name } : null
  }
}

/** RFC 9110 section 12.5.4. */
function firstOf(acceptLanguage: string, translations: Translations): string {
  const asked = acceptLanguage.split(',').map((range) => {
    const [tag = '', quality = '1'] = range.split(/;\s*q=/)
    return { name: tag.trim().toLowerCase().split('-')[0]!, quality: Number(quality) }
  })
  asked.sort((a, b) => b.quality - a.quality)
  return asked.find(({ name }) => name === 'en' || Object.hasOwn(translations, name))?.name ?? 'en'
}
