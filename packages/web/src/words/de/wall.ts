import type { Translations } from '../tables.ts'
import { apart, number } from './grammar.ts'

export const wall: Translations['wall'] = {
  title: (title) => `${apart(title) || 'Wirephoto'}, auf der Leinwand`,
  empty: 'Hier ist noch nichts. Bilder erscheinen, sobald jemand sie hinzufügt.',
  codeFor: (address) => `Ein Code, der zu ${apart(address)} führt`,
  scanToAdd: 'Scannen und Bilder hinzufügen',
  scanToSee: 'Scannen und alle sehen',
  scanToBegin: 'Scannen und das erste hinzufügen',
  reconnecting: 'verbindet neu',

  settings: 'Diese Leinwand',
  quietView: 'Solange nichts Neues kommt',
  mosaic: 'Mosaik',
  orders: {
    newest: 'Neueste zuerst',
    oldest: 'Älteste zuerst',
    shuffled: 'Gemischt',
  },
  slots: 'Live-Slots statt aller Bilder',
  noFrame: (name) => `Von ${apart(name)} kommt nichts`,
  pace: 'Jedes Bild steht',
  seconds: (n) => `${number(n)} Sekunden`,
  fullScreen: 'Vollbild',
  leaveFullScreen: 'Vollbild beenden',
  keys: 'Tasten: S wechselt die Ansicht, + und − das Tempo, F das Vollbild.',
}
