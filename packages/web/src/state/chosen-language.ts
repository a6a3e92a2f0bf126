import { browserData } from '../browser/site-data.ts'

/** The languages that a person can choose; an empty one is as the browser asks. */
export const LANGUAGES = ['', 'en', 'de', 'ar'] as const

type Language = (typeof LANGUAGES)[number]

/** `public/theme.js` reads it before the first paint. */
const KEY = 'language'

export function chosenLanguage(): Language {
  const kept = browserData.get(KEY)
  return LANGUAGES.find((language) => language === kept) ?? ''
}

/** Keeps the choice in this browser, and loads the page again in that language. */
export function chooseLanguage(language: Language): void {
  browserData.set(KEY, language || null)
  location.reload()
}
