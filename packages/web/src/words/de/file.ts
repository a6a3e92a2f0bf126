import type { Translations } from '../tables.ts'

export const file: Translations['file'] = {
  unreadable:
    'lässt sich nicht lesen. Noch einmal auswählen; ein Ordner lässt sich auf das Board ziehen.',
}
