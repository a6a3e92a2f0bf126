import type { Translations } from '../tables.ts'
import { apart, list, number, ofMany, pictures, plural } from './grammar.ts'

const nameOf = (name: string): string => apart(name) || 'Jemand'

export const overlay: Translations['overlay'] = {
  copyView: 'Link zu dieser Ansicht kopieren',
  activity: 'Verlauf',
  sendToBack: 'Nach hinten legen',
  larger: 'Größer',
  smaller: 'Kleiner',
  shownOnScreens: 'Auf jeder Leinwand dieses Boards zu sehen.',
  needsFastConnection: 'Das geht nicht über eine langsame Verbindung.',
  live: (seconds) => `live · ${seconds} s`,
  lastFrame: (time) => `letztes Bild ${time}`,
  filmstrip: 'Filmstreifen',
  earlierFile: 'Frühere Datei zurückholen',
  captionOf: (name) => `Bildunterschrift von ${apart(name)}`,
  captionPrompt: 'Was ist zu sehen?',
  notSent: 'Nicht gesendet',
  remove: 'Entfernen',
  newVersion: 'Eine neue Version dieser Seite ist da. Neu laden geht jederzeit.',
  notKept:
    'Dieser Browser speichert keine Websitedaten. Bitte die Seite offen lassen, bis die Verbindung wieder steht: Was nicht gesendet ist, geht sonst verloren.',
  metadataKept: 'Neue Bilder behalten hier, wo, wann und mit welcher Kamera sie entstanden.',
  metadataKeptNow:
    'Ab jetzt behält dieses Board, wo, wann und mit welcher Kamera Bilder entstanden.',
  metadataScrubbedNow:
    'Ab jetzt wird nur das Bild behalten. Bilder, die schon hier sind, bleiben, wie sie sind.',
  obstacles: {
    between:
      'Etwas zwischen dir und dem Server antwortet an seiner Stelle. Es wird weiter versucht, bis etwas durchkommt.',
    'small-requests':
      'Etwas zwischen dir und dem Server nimmt nur kleine Anfragen an. Gesendet wird in kleinen Teilen.',
  },
  newPictures: (n) => plural(n, { one: '1 neues', other: '# neue' }),
  goToNew: 'Zum Neuen',
  stored: (n, all) => `${number(n)} von ${number(all)}`,

  you: 'du',
  waiting: 'Ist noch nicht dran',
  waitingForConnection: (name) =>
    name === null ? 'Wartet auf deine Verbindung' : `Wartet auf die Verbindung von ${apart(name)}`,
  waitingForServer: 'Wartet auf den Server',
  retrying: (seconds) => (seconds > 0 ? `Neuer Versuch in ${number(seconds)} s` : 'Neuer Versuch'),
  heldUp: 'Unterwegs aufgehalten',
  seenBy: (n, of) => `Gesehen von ${number(n)} von ${number(of)}`,
  milliseconds: (ms) => (ms < 1000 ? `${number(ms)} ms` : `${number(ms / 1000)} s`),

  refused: (names, total, areNoPictures) =>
    `${number(names.length)} von ${number(total)} Dateien ${areNoPictures ? 'sind keine Bilder' : 'lassen sich nicht hinzufügen'}: ${listOf(names)}.`,
  unreadable: (names) =>
    `${listOf(names)} ${ofMany(names.length, 'lässt', 'lassen')} sich nicht lesen.`,
  emptyFolder: 'In diesem Ordner ist kein Bild.',
  moreRefused: (n) =>
    plural(n, {
      one: '1 weitere lässt sich nicht hinzufügen.',
      other: '# weitere lassen sich nicht hinzufügen.',
    }),
  fetching: (n) => plural(n, { one: 'Das Bild wird geholt.', other: '# Bilder werden geholt.' }),
  goesOn: (seconds) =>
    `Bilder kommen schneller, als dieses Board sie annimmt. Deine gehen in ${plural(seconds, { one: '1 Sekunde', other: '# Sekunden' })} weiter.`,
  noPicture: 'Darin ist kein Bild. Eine Datei hinzufügen oder die Adresse eines Bildes.',
  ownAddress: 'Dieses Bild gibt es hier nicht mehr. Bitte ein anderes kopieren.',
  shownToAll: 'Wird hier allen gezeigt und nicht aufgehoben.',
  closedPicture:
    'Dieses Bild gibt es nur auf seiner eigenen Seite. Dort speichern und die Datei hinzufügen.',

  sharedWait: (n) =>
    plural(n, {
      one: 'Ein geteiltes Bild ist noch auf keinem Board.',
      other: '# geteilte Bilder sind noch auf keinem Board.',
    }),
  addHere: 'Hier hinzufügen',
  notShared: 'Das Geteilte ließ sich nicht aufheben. Es lässt sich hier von Hand hinzufügen.',

  deletedByOther: {
    captioned: (name) => `${nameOf(name)} hat das Bild gelöscht, das du gerade beschriftet hast.`,
    moved: (name, n) =>
      `${nameOf(name)} hat ${pictures(n)} gelöscht, ${ofMany(n, 'das', 'die')} du gerade bewegt hast.`,
    selected: (name, n) =>
      `${nameOf(name)} hat ${pictures(n)} gelöscht, ${ofMany(n, 'das', 'die')} du ausgewählt hattest.`,
    changed: (name, n) =>
      `${nameOf(name)} hat ${pictures(n)} gelöscht, ${ofMany(n, 'das', 'die')} du geändert hattest.`,
    any: (name, n) => `${nameOf(name)} hat ${pictures(n)} gelöscht.`,
  },
  markedByOther: (name, n, ofYours) =>
    `${nameOf(name)} löscht ${ofYours ? (n === 1 ? 'dein Bild' : `${number(n)} deiner Bilder`) : pictures(n)} endgültig.`,
  callOff: 'Aufhalten',
  overtaken: (n) =>
    `${pictures(n)} ${ofMany(n, 'wurde', 'wurden')} inzwischen von jemand anderem geändert oder gelöscht und ${ofMany(n, 'bleibt', 'bleiben')} so.`,
  settingsOvertaken:
    'Jemand hat die Einstellungen des Boards inzwischen geändert. Dabei bleibt es.',

  here: (n) => (n === 1 ? 'Nur du bist hier' : plural(n, { other: '# Leute sind hier' })),
  further: (n) => `+${number(n)}`,
  alone: 'Sonst ist niemand hier.',
  askName: 'Dein Name steht bei deinen Bildern.',
  keepName: 'Fertig',
  skip: 'Ohne Namen',

  answeredBetween:
    'Etwas zwischen dir und dem Server hat an seiner Stelle geantwortet. Bitte gleich noch einmal versuchen.',

  linkCopied: 'Link kopiert.',
  viewCopiedWithoutLink:
    'Link kopiert. Er öffnet diese Ansicht für alle, die schon einen Link zu diesem Board haben: Dieser Browser hat keinen zum Weitergeben.',
  pasteByKey: (key) =>
    `Die Zwischenablage lässt sich hier nicht lesen. Mit ${apart(key)} lässt sich einfügen.`,
  paste: 'Einfügen',
  linesCopied: 'Zeilen kopiert.',
  linkMade: 'Der Link ist erstellt.',
  linkCopiedFor: (url) =>
    `Link kopiert. Er beginnt mit ${apart(url)}, denn localhost können andere nicht öffnen.`,
  linkCopiedHere:
    'Link kopiert. Nur dieser Computer kann ihn öffnen. Für andere den Server mit --lan oder --public-url starten.',
  picturesCopied: (n) =>
    n === 1
      ? 'Bild kopiert.'
      : `${pictures(n)} kopiert. Hier lassen sich alle einfügen; andere Programme bekommen das erste.`,
  picturesNotCopied: (n) =>
    n === 1
      ? 'Das Bild ließ sich nicht kopieren. Stattdessen ist sein Link kopiert.'
      : `Die Bilder ließen sich nicht kopieren. Stattdessen sind ihre ${number(n)} Links kopiert.`,
  pictureLinksCopied: (n) =>
    `Bilder lassen sich nur auf https-Seiten kopieren. ${n === 1 ? 'Stattdessen ist der Link kopiert.' : `Stattdessen sind ihre ${number(n)} Links kopiert.`}`,
  copyByHand: (link) => `Diesen Link kopieren: ${apart(link)}`,
  notStoredYet: (n) =>
    `${pictures(n)} ${ofMany(n, 'ist', 'sind')} noch nicht angekommen. Bitte gleich noch einmal versuchen.`,
}

/** Lists names: all of three, else two and the number of the others. */
const listOf = (names: readonly string[]): string =>
  list(
    names.length > 3
      ? [...names.slice(0, 2).map(apart), `${number(names.length - 2)} weitere`]
      : names.map(apart),
  )
