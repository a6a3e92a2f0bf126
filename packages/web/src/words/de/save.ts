import type { Translations } from '../tables.ts'
import { number, ofMany, pictures } from './grammar.ts'

export const save: Translations['save'] = {
  board: 'Board speichern',
  all: 'Alle Bilder speichern',
  allHint: (n, size) =>
    `${n === 1 ? 'Das Bild' : `Alle ${number(n)} Bilder`} in einem Zip, ${size}, so wie sie kamen.`,
  chosen: (n) => `${pictures(n)} speichern`,
  chosenHint: 'Die ausgewählten Bilder in einem Zip.',
  folder: 'Als Ordner speichern',
  folderHint: 'Ein Zip mit einer Seite, die dieses Board ohne Verbindung zeigt.',
  picture: 'Board als PNG speichern',
  pictureHint: 'Das ganze Board als ein Bild.',
  print: 'Drucken',
  printHint: 'Das Board auf einer Seite oder seine Bilder in Reihen auf mehreren.',
  nothing: 'Hier gibt es noch kein Bild zu speichern.',

  planning: 'Wird vorbereitet',
  saving: (sent, total) => `${sent} von ${total} gespeichert`,
  started: 'Wird gespeichert. Der Browser zeigt, wie weit es ist.',
  brokenOff: (sent, total) =>
    `Bei ${sent} von ${total} abgebrochen. In den Downloads des Browsers geht es weiter.`,
  saved: (n) => `${pictures(n)} gespeichert.`,
  begun: (n, size) => `${pictures(n)} ${ofMany(n, 'wird', 'werden')} gespeichert, ${size}.`,
  leftOut: (n) =>
    `${pictures(n)} ${ofMany(n, 'lässt', 'lassen')} sich jetzt nicht speichern. Im Zip steht, ${ofMany(n, 'welches', 'welche')} und warum.`,

  drawing: (n, of) => `${number(n)} von ${number(of)} gezeichnet`,
  drawn: (width, height) => `Gespeichert mit ${number(width)} × ${number(height)} Pixeln.`,
  notDrawn: (n) =>
    `${pictures(n)} ${ofMany(n, 'ließ sich nicht laden und fehlt', 'ließen sich nicht laden und fehlen')}.`,
  cannotDraw:
    'Dieser Browser gibt nicht heraus, was er zeichnet. Stattdessen die Bilder speichern.',
  tooLarge: 'Für so ein Bild hat dieser Browser keinen Platz. Stattdessen die Bilder speichern.',
  printing: (n, of) => `${number(n)} von ${number(of)} geladen`,
}
