import type { Translations } from '../tables.ts'
import { pictures } from './grammar.ts'

export const feed: Translations['feed'] = {
  views: 'Ansicht',
  yours: 'Deine',
  pictures: 'Bilder',
  board: 'Board',
  newestFirst: (n) => `${pictures(n)}, die neuesten zuerst`,
  addYours: 'Füge deine Bilder hinzu.',
  ownPictures: 'Deine Bilder',
  everybodys: 'Auf diesem Board',
  showAll: (n) => `Alle ${n} zeigen`,
  showFewer: 'Weniger zeigen',
  onBoard: 'Auf dem Board',
  waitsForHost: 'Wartet auf den Gastgeber',
  keptHere: 'Hier aufbewahrt. Wird gesendet, sobald du wieder online bist.',
  remove: (name) => `${name} entfernen`,
  retry: (name) => `${name} noch einmal senden`,
  unnamed: 'dieses Bild',
}
