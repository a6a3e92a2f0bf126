import { formatSize } from '../format-size.ts'
import type { Translations } from '../tables.ts'
import { apart, number } from './grammar.ts'
import { kindName, wayOn } from './kinds.ts'

const WAIT = 'Das war zu viel auf einmal. Bitte einen Moment warten.'

const file = (name: string | undefined): string => (name ? apart(name) : 'Diese Datei')

const ofKind: Translations['errors'][keyof Translations['errors']] = ({ name, kind, because }) => {
  if (kind?.wayOn !== undefined)
    return `${file(name)} ist ${kindName(kind.name)}. ${wayOn(kind.wayOn)}`
  if (kind)
    return `${file(name)} ist ${kind.name}, und das nimmt dieser Server zurzeit nicht. Als JPEG oder PNG speichern und das hinzufügen.`
  if (kind === undefined && because) return `${file(name)} ${because}`
  return `${file(name)} ist kein Bild, das sich hinzufügen lässt. Als JPEG oder PNG speichern.`
}

const megapixels = (pixels: number): string =>
  number(pixels < 9.95e6 ? pixels / 1e6 : Math.round(pixels / 1e6))

export const errors: Translations['errors'] = {
  'bad-request': () =>
    'Diese Anfrage versteht der Server nicht. Bitte mit der Beschreibung der API vergleichen.',
  'unknown-field': () =>
    'Ein Feld wird hier nicht gebraucht. Bitte weglassen oder den Namen prüfen.',
  'broken-form': () => 'Dieses Formular ist nicht vollständig. Bitte noch einmal senden.',
  'no-upload-id': () =>
    'Zu diesem Upload ist kein Bild angekündigt. Bitte das Bild noch einmal hinzufügen.',
  'empty-file': ({ name }) => `${file(name)} ist leer. Bitte eine andere wählen.`,
  'link-needed': () => 'Dieses Board öffnet mit einem Link. Wer es leitet, kann einen geben.',
  'passphrase-needed': () => 'Dieses Board hat ein Passwort. Damit geht es weiter.',
  'not-allowed': () => 'Dieser Link erlaubt das nicht. Bitte um einen anderen fragen.',
  'owner-needed': () =>
    'Das darf nur, wem dieser Server gehört. Bitte den Eigentümer-Code eingeben oder danach fragen.',
  'link-ended': () => 'Dieser Link gilt nicht mehr. Bitte um einen neuen fragen.',
  'wrong-code': () =>
    'Dieser Code stimmt nicht, oder seine Zeit ist um. Bitte um einen neuen fragen.',
  'wrong-passphrase': () => 'Dieses Passwort stimmt nicht. Bitte noch einmal versuchen.',
  'board-closed': () => 'Dieses Board ist geschlossen. Wer es leitet, weiß mehr.',
  'sign-in-failed': () => 'Die Anmeldung hat nicht geklappt. Bitte noch einmal anmelden.',
  'adding-paused': () =>
    'Dieses Board nimmt gerade keine neuen Bilder. Bitte später noch einmal versuchen.',
  'foreign-origin': () => 'Eine andere Website hat das verlangt. Bitte das Board selbst öffnen.',
  'foreign-address': () =>
    'Von dort holt dieser Server keine Bilder. Bitte das Bild speichern und die Datei hinzufügen.',
  'not-found': () => 'Unter dieser Adresse gibt es nichts. Bitte die Adresse prüfen.',
  'unknown-board': () =>
    'So ein Board gibt es nicht, oder es wurde gelöscht. Bitte den Link prüfen.',
  'unknown-picture': () => 'Dieses Bild ist weg.',
  'etag-needed': () =>
    'Dieses Bild hat eine andere Datei. Bitte ihr ETag als If-Match senden, um sie zu ersetzen.',
  'wrong-etag': () =>
    'Dieses Bild hat inzwischen eine andere Datei. Bitte ansehen und dann ihr ETag senden.',
  'slot-in-trash': () =>
    'Die Kachel dieses Platzes liegt im Papierkorb. Hol sie zurück oder sende an einen anderen.',
  'key-reused': () =>
    'Eine andere Anfrage hatte diesen Idempotency-Key. Bitte mit einem eigenen senden.',
  'no-wall-link': () =>
    'Für die Leinwände dieses Boards ist kein Link gewählt. Bitte zuerst einen wählen.',
  'method-not-allowed': () =>
    'Diese Adresse kennt diese Methode nicht. Bitte mit der Beschreibung der API vergleichen.',
  conflict: () => 'Diese Kennung ist vergeben. Bitte eine neue nehmen.',
  'wrong-offset': () => 'Der Upload steht an einer anderen Stelle. Bitte dort weitermachen.',
  gap: () => 'Eine frühere Änderung fehlt. Bitte die zuerst senden.',
  'stale-client': () => 'Diese Änderungen sind zu alt zum Senden. Bitte noch einmal machen.',
  'file-changed': ({ name }) =>
    `${file(name)} wurde geändert, während sie gesendet wurde. Bitte noch einmal hinzufügen.`,
  'upload-gone': () => 'Dieser Upload ist weg. Bitte das Bild noch einmal hinzufügen.',
  'upload-lost': () => 'Der Server mit diesem Upload ist weg. Der Upload beginnt von vorn.',
  'server-away': () =>
    'Der Server mit diesem Upload antwortet nicht. Bitte gleich noch einmal versuchen.',
  'archive-gone': () =>
    'Dieser Download ist zu alt, oder ein Bild daraus ist weg. Bitte noch einmal speichern.',
  'too-large': ({ name, size, limit }) => {
    const is = size === undefined ? 'ist zu groß' : `hat ${formatSize(size)}`
    return `${file(name)} ${is}.${limit ? ` Die Grenze ist hier ${formatSize(limit)}.` : ' Bitte kleiner speichern.'}`
  },
  'too-many-files': () =>
    'So viele Bilder passen nicht in ein Formular. Bitte die übrigen in einem weiteren senden.',
  'too-many-pixels': ({ name, size, side, frames, limit }) => {
    const max = (text: string): string => (limit ? ` Die Grenze ist hier ${text}.` : '')
    if (side !== undefined)
      return `${file(name)} ist ${number(side)} Pixel lang.${max(number(limit ?? 0))}`
    if (size !== undefined)
      return `${file(name)} hat ${megapixels(size)} Megapixel${frames === undefined ? '' : ' in allen Einzelbildern'}.${max(megapixels(limit ?? 0))}`
    if (frames !== undefined)
      return `${file(name)} hat ${number(frames)} Einzelbilder.${max(number(limit ?? 0))}`
    return `${file(name)} hat zu viele Pixel. Bitte kleiner speichern.`
  },
  'wrong-type': () => 'Diese Adresse nimmt JSON: Content-Type: application/json.',
  'wrong-encoding': () => 'So verpackt lässt sich das hier nicht lesen. Bitte unverpackt senden.',
  'text-picture': ({ name }) =>
    `${file(name)} ist ein Bild, als Text geschrieben. Bitte die Bytes senden statt base64.`,
  'not-a-picture': ofKind,
  video: ofKind,
  'camera-file': ofKind,
  document: ofKind,
  'other-format': ofKind,
  'foreign-host': () => 'Auf diesen Namen hört dieser Server nicht. --public-url nimmt ihn dazu.',
  damaged: ({ name }) =>
    `${file(name)} ist beschädigt oder nicht vollständig. Bitte das Original versuchen.`,
  'unreadable-tiff': ({ name }) =>
    `${file(name)} ist ein TIFF, das sich hier nicht lesen lässt. Bitte als PNG oder JPEG exportieren.`,
  'too-heavy': ({ name }) => `${file(name)} zu öffnen ist zu viel Arbeit. Bitte kleiner speichern.`,
  'board-full': () =>
    'Dieses Board ist voll. Den Papierkorb leeren, Bildunterschriften kürzen oder ein neues anfangen.',
  'old-page': () => 'Diese Seite ist älter als ihr Server. Bitte neu laden.',
  'too-fast': () => WAIT,
  'too-many': () => WAIT,
  internal: () => 'Auf dem Server ging etwas kaputt. In seinem Protokoll steht, was.',
  unreachable: () =>
    'Von dieser Adresse lässt sich das nicht holen. Bei einem Bild: speichern und die Datei hinzufügen.',
  busy: ({ isDropped }) =>
    isDropped
      ? 'Der Server hat zu viel zu tun und hat davon nichts behalten. Bitte gleich noch einmal senden.'
      : 'Der Server hat zu viel zu tun. Bitte gleich noch einmal versuchen.',
  away: () => 'Die Datenbank dieses Boards antwortet nicht. Bitte gleich noch einmal versuchen.',
  stopping: () => 'Der Server hält gerade an. Bitte gleich noch einmal versuchen.',
  'newer-format': () =>
    'Ein neuerer Server hat dieses Board gespeichert. Wer diesen hier betreibt, sollte ihn aktualisieren.',
  'disk-full': () => 'Der Server hat keinen Platz mehr. Bitte dem sagen, der ihn betreibt.',
  'pictures-full': () =>
    'Dieses Board hat so viele Bilder, wie es darf. Einige endgültig löschen lassen oder ein neues anfangen.',
  'link-full': () =>
    'Mit diesem Link sind so viele Bilder da, wie er darf. Wer ihn gab, kann mehr erlauben.',
}
