import { locale } from './locale.ts'

/** The forms of a sentence by the number in it, which stands as `#`. */
type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string }

/** Returns how a language counts, lists and names. Numbers are written as in the person's own region. */
export function grammarOf(language: string) {
  const tag = locale.split('-')[0] === language ? locale : language
  const rules = new Intl.PluralRules(tag)
  const numbers = new Intl.NumberFormat(tag, { maximumFractionDigits: 1 })
  const lists = new Intl.ListFormat(tag)
  const number = (n: number): string => numbers.format(n)
  return {
    number,
    /** Chooses the form for a number, and writes the number into it. */
    plural: (n: number, forms: Forms): string =>
      (forms[rules.select(n)] ?? forms.other).replace('#', () => number(n)),
    list: (parts: readonly string[]): string => lists.format(parts),
    /** Keeps text of any direction apart from the sentence around it. */
    apart: (text: string): string => text && `\u2068${text}\u2069`,
  }
}
