import type { Translations } from '../tables.ts'
import { apart, number, pictures, plural, withPictures } from './grammar.ts'

export const panels: Translations['panels'] = {
  lightbox: (name) => `${apart(name) || 'Bild'}, groß`,
  previous: 'Voriges Bild',
  next: 'Nächstes Bild',
  position: (n, of) => `${number(n)} von ${number(of)}`,
  pixels: (width, height) => `${number(width)} × ${number(height)}`,
  wasDeleted: 'Dieses Bild wurde gelöscht.',
  addCaption: 'Bild beschriften',
  from: (site) => `von ${apart(site)}`,

  filmstripOf: (name) => `Filmstreifen von ${apart(name)}`,
  frame: 'Bild',
  play: 'Abspielen',
  pause: 'Anhalten',
  showEverybody: 'Allen zeigen',
  oneFrame: 'Bisher ist ein Bild gespeichert. Ein Streifen wird daraus, sobald es mehr sind.',

  trashHint: 'Gelöschte Bilder bleiben hier, für alle, bis ihre Zeit um ist.',
  trashEmpty: 'Der Papierkorb ist leer.',
  trashEmptyHint: 'Was gelöscht wird, lässt sich von hier zurücklegen.',
  trashed: (n) => `${pictures(n)} im Papierkorb`,
  chooseAll: 'Alle auswählen',
  chooseNone: 'Keine auswählen',
  chosen: (n) => `${number(n)} ausgewählt`,
  putBack: 'Zurücklegen',
  didPutBack: (n) => `${pictures(n)} zurückgelegt.`,
  deleteForGood: 'Endgültig löschen',
  emptyTrash: 'Papierkorb leeren',
  askForGood: (n) =>
    n === 1
      ? 'Dieses Bild endgültig löschen? Das lässt sich eine Weile aufhalten, danach kann es niemand zurücklegen.'
      : `${pictures(n)} endgültig löschen? Das lässt sich eine Weile aufhalten, danach kann sie niemand zurücklegen.`,
  keep: 'Behalten',
  goForGood: (n) =>
    n === 1
      ? 'Dieses Bild verschwindet bald endgültig.'
      : `${pictures(n)} verschwinden bald endgültig.`,
  didKeep: (n) => `${pictures(n)} im Papierkorb behalten.`,
  goneIn: (ms) => (ms > 0 ? `Weg in ${timeLeft(ms)}` : 'Gleich weg'),
  daysLeft: (days) =>
    days < 1 ? 'verschwindet heute' : plural(days, { one: 'noch 1 Tag', other: 'noch # Tage' }),
  trashDaysBefore: 'Endgültig löschen nach',
  trashDays: 'Tage im Papierkorb',
  trashDaysAfter: 'Tagen',

  boardsHint: 'Die Boards, auf denen dieser Browser war.',
  boardsForgotten:
    'Dieser Browser behält keine Liste. Diese stehen hier, solange die Seite offen ist.',
  hereNow: 'du bist hier',

  serverBoards: 'Alle Boards dieses Servers',
  pictures: (n) => pictures(n),
  opensByAddress: 'öffnet mit seiner Adresse',
  moreBoards: 'Mehr Boards',
  askingServer: 'Der Server wird gefragt.',
  closeBoard: 'Schließen',
  boardClosed: (title) =>
    `${apart(title)} öffnet jetzt nur noch mit Links. Dort lassen sie sich teilen.`,
  deleteThisBoard: 'Dieses Board löschen',
  askDeleteBoard: (n) =>
    `Dieses Board mit ${n === 0 ? 'allem, was darauf war,' : withPictures(n)} endgültig löschen? Niemand kann es zurückholen.`,
  boardDeleted: (title) => `${apart(title)} ist endgültig gelöscht.`,
  ownerCode: 'Eigentümer-Code',
  ownerCodeHint:
    'Alle Boards sieht nur, wem dieser Server gehört. Der Code steht da, wo der Server startet, und wirephoto owner-code zeigt ihn auch.',
  enterCode: 'Weiter',

  look: 'Aussehen',
  looks: { system: 'Wie das System', light: 'Leuchttisch', dark: 'Dunkelkammer' },
  lookHint: 'Nur in diesem Browser.',
  language: 'Sprache',
  languages: { '': 'Automatisch', en: 'English', de: 'Deutsch', ar: 'العربية' },
  languageHint: 'Wie der Browser es möchte, oder für ihn gewählt. Die Seite lädt dabei neu.',
  thisBoard: 'Dieses Board, für alle',
  keepMetadata: 'Behalten, was in Dateien steht',
  keepMetadataHint:
    'Neue Bilder behalten, wo, wann und mit welcher Kamera sie entstanden, für alle, die sie herunterladen. Sonst wird nur das Bild behalten.',

  keysPictures: 'Bilder',
  keysView: 'Ansicht',
  keysBoard: 'Board',
  gestures: [
    ['Ein Bild ziehen', 'bewegt es, und alle ausgewählten'],
    ['Den Grund ziehen', 'wählt aus, was der Kasten berührt; mit Leertaste verschiebt es'],
    ['Mit Alt ziehen', 'legt eine Kopie ab'],
    ['Mausrad', 'verschiebt; mit Strg zoomt es'],
    ['Umschalt-Klick', 'nimmt zur Auswahl dazu'],
    ['Doppelklick', 'öffnet groß'],
    ['Rechtsklick, Umschalt F10', 'öffnet das Menü der Bilder oder des Grundes'],
    ['Pfeiltasten', 'gehen von Bild zu Bild oder bewegen die Auswahl'],
    ['Leertaste', 'wählt das Bild aus, das den Fokus hat'],
    ['Tab', 'geht zu den Bildern, dann zu den Knöpfen'],
    ['Esc', 'beendet, was gerade läuft, dann die Auswahl'],
  ],
  fingers: [
    ['Tippen', 'öffnet groß'],
    ['Lange drücken', 'wählt ein Bild aus und öffnet sein Menü oder das des Grundes'],
    ['Zwei Finger', 'zoomen'],
  ],
  large: [
    ['+ − 0', 'zoomen hinein, heraus und zum ganzen Bild'],
    ['Mausrad, Doppelklick', 'zoomen an der Stelle; Ziehen verschiebt dann'],
    ['Zwei Finger, Doppeltipp', 'zoomen an der Stelle'],
    ['Pfeiltasten', 'gehen zum nächsten Bild oder verschieben das vergrößerte'],
    ['Wischen', 'zur Seite zum nächsten Bild, nach unten schließt'],
    ['C', 'beschriftet das Bild'],
  ],
  inLarge: 'Ein Bild, groß',
  byMouse: 'Maus und Tastatur',
  byTouch: 'Finger',

  palettePrompt: 'Was soll geschehen?',
  paletteNothing: 'Nichts heißt so.',
}

const timeLeft = (ms: number): string =>
  ms > 90_000 ? `${number(Math.round(ms / 60_000))} min` : `${number(Math.ceil(ms / 1_000))} s`
