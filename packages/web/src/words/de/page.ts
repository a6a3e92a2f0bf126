import type { Translations } from '../tables.ts'
import { apart, number, pictures, plural } from './grammar.ts'

export const page: Translations['page'] = {
  product: 'Wirephoto',

  frontBoard: 'Startboard',
  untitled: 'Board ohne Namen',
  boardName: 'Name dieses Boards',
  boardMenu: 'Menü des Boards',
  rename: 'Umbenennen',
  share: 'Teilen',
  copyLink: 'Link kopieren',
  newBoard: 'Neues Board',
  toFrontBoard: 'Zum Startboard',
  boards: 'Deine Boards',
  trash: 'Papierkorb',
  settings: 'Einstellungen',
  keySheet: 'Tasten',
  palette: 'Aktion suchen',
  toTheme: (theme) => (theme === 'dark' ? 'Zur Dunkelkammer wechseln' : 'Zum Leuchttisch wechseln'),

  tools: 'Werkzeuge',
  add: 'Hinzufügen',
  choose: 'Bilder auswählen',
  takePhoto: 'Foto aufnehmen',
  select: 'Auswählen',
  selectAll: 'Alle auswählen',
  hand: 'Hand',
  undo: 'Rückgängig',
  redo: 'Wiederholen',
  more: 'Mehr',

  zoom: 'Zoom',
  zoomIn: 'Größer zeigen',
  zoomOut: 'Kleiner zeigen',
  zoomReset: 'Auf 100 % zeigen',
  fit: 'Einpassen',
  fitAll: 'Alle Bilder zeigen',

  pictures: (n) => `${pictures(n)} auf diesem Board`,
  pictureMenu: (n) => `${pictures(n)} ausgewählt`,
  pictureLabel: (name, state) =>
    state === 'stored'
      ? name
      : state === 'failed'
        ? `${apart(name)}, nicht gesendet`
        : `${apart(name)}, unterwegs`,
  openLarge: 'Groß öffnen',
  download: 'Herunterladen',
  bringToFront: 'Nach vorn holen',
  duplicate: 'Verdoppeln',
  tidy: 'Aufräumen',
  caption: 'Beschriften',
  delete: 'Löschen',

  percent: (share) => `${number(Math.round(share * 100))} %`,
  retry: 'Noch einmal',
  cancelled: (n) => `${pictures(n)} abgebrochen.`,
  cancelSending: (n) => (n <= 1 ? 'Senden abbrechen' : `Senden von ${number(n)} abbrechen`),

  guest: 'Gast',
  people: 'Wer hier ist',

  showOnScreens: 'Auf Leinwänden zeigen',
  openWall: 'Leinwand öffnen',

  emptyTitle: 'Bilder hierher ziehen.',
  emptyTitleOnPhone: 'Das erste Bild hinzufügen.',
  emptyHint: 'Oder einfügen, auswählen, ein Foto aufnehmen.',
  emptyHintForAll: 'Alle auf diesem Board sehen es sofort.',
  emptyForViewer: 'Hier ist noch nichts.',
  emptyForViewerHint: 'Bilder erscheinen, sobald jemand sie hinzufügt.',
  lookOnly: 'Dieses Board ist zum Ansehen offen, nicht zum Hinzufügen.',
  letGo: (n) =>
    n > 0 ? `Loslassen, um ${pictures(n)} hinzuzufügen` : 'Loslassen, um Bilder hinzuzufügen',

  live: 'Live',
  slow: 'Langsame Verbindung',
  connecting: 'Verbindet',
  offline: 'Du bist offline.',
  serverGone: 'Der Server dieses Boards antwortet nicht.',
  changesKept: (cause) => `${cause} Änderungen werden aufgehoben und später gesendet.`,
  asOf: (cause, time) =>
    `${cause} Stand von ${time}. Änderungen werden aufgehoben und später gesendet.`,
  noCopy: (cause) => `${cause} Hier liegt keine Kopie.`,
  databaseAway:
    'Hier gespeichert. Die Datenbank dieses Boards antwortet nicht; Änderungen werden später gesendet.',
  backOnline: (n) =>
    n > 0
      ? `Wieder online. ${plural(n, { one: '1 Änderung', other: '# Änderungen' })} gesendet.`
      : 'Wieder online.',
  needsConnection:
    'Das braucht eine Verbindung. Bitte noch einmal versuchen, wenn sie wieder steht.',

  notAdded: 'Einige dieser Bilder ließen sich nicht hinzufügen. Bitte noch einmal hinzufügen.',
  partMissing: 'Ein Teil dieser Seite lässt sich nicht laden. Bitte die Seite neu laden.',

  notices: 'Hinweise',
  close: 'Schließen',
  reload: 'Neu laden',
  deleted: (n) => `${pictures(n)} gelöscht.`,
  nothingToUndo: 'Es gibt nichts rückgängig zu machen.',
  nothingToRedo: 'Es gibt nichts zu wiederholen.',
  copyPicture: (n) => (n > 1 ? `${pictures(n)} kopieren` : 'Bild kopieren'),

  keys: {
    mod: 'Strg',
    shift: 'Umschalt',
    delete: 'Entf',
    backspace: 'Rücktaste',
    enter: 'Eingabe',
    '-': '−',
  },
}
