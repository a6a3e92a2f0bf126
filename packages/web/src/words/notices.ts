import type { Notice } from '@wirephoto/board'
import type { Translations } from './tables.ts'

/** Returns the sentence of a notice about a stored picture in the page's language. */
export function noticeOf({ code, message }: Notice, name: string): string {
  const tables = globalThis.translations as Partial<Translations> | undefined
  return tables?.notices?.[code]?.({ name }) ?? message
}
