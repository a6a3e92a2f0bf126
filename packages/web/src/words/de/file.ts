import type { Translations } from '../tables.ts'

export const file: Translations['file'] = {
  unreadable:
    'lässt sich nicht lesen. Noch einmal auswählen; einen Ordner kann man auf das Board ziehen.',
}
