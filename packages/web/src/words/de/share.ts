import type { Translations } from '../tables.ts'
import { apart, pictures, plural } from './grammar.ts'

export const share: Translations['share'] = {
  loading: 'Der Server wird gefragt, wer kommen darf.',
  again: 'Noch einmal versuchen',

  theyCan: 'Wer ihn hat, kann',
  roles: { view: 'ansehen', add: 'hinzufügen', edit: 'ändern', own: 'leiten' },
  rights: {
    view: 'Wer ihn hat, sieht die Bilder, wie sie kommen, und ändert nichts.',
    add: 'Wer ihn hat, fügt Bilder hinzu. Bewegen, beschriften und löschen geht nur bei den eigenen.',
    edit: 'Wer ihn hat, bewegt, beschriftet und löscht auch die Bilder aller anderen.',
    own: 'Wer ihn hat, kann alles, was du kannst, und dir das Board wegnehmen.',
  },
  link: 'Link',
  codeFor: (url) => `Ein Code, der ${apart(url)} öffnet`,
  copied: 'Kopiert',
  copyShort: 'Kopieren',
  shareBy: 'Teilen…',
  printCard: 'Tischkarte drucken',
  noSecret:
    'Dieser Link entstand in einem anderen Browser, der ihn behält. Hier lässt er sich erneuern: Dann gibt es einen neuen Link, und der alte gilt nicht mehr.',
  noLink: 'So einen Link gibt es nicht.',
  makeIt: 'Diesen Link erstellen',
  openBoard: 'Wer diese Adresse hat, kann dieses Board sehen und ändern.',
  closeBoard: 'Nur mit Links öffnen lassen',
  closeBoardHint: 'Die Adresse bleibt. Wer hier ist, außer dir, braucht von da an einen Link.',
  yourLink: 'Das ist der Link, mit dem du gekommen bist. Wer ihn hat, kann hier dasselbe wie du.',
  askForLink: 'Wer dieses Board leitet, hat einen Link zum Weitergeben.',
  onlyHere:
    'Diesen Link kann sonst niemand öffnen: Er führt zu diesem Computer. Mit --lan gestartet, ist der Server auch für andere im Netz da.',
  forOthers: (url) =>
    `localhost können andere nicht öffnen, darum beginnt dieser Link mit ${apart(url)}.`,

  wall: 'Die Leinwand',
  wallAddress: 'Adresse der Leinwand',
  openThisWall: 'Diese Leinwand öffnen',
  copyWall: 'Die Adresse der Leinwand kopieren',
  wallHint: 'Auf einem anderen Bildschirm geöffnet, steht dort die Leinwand.',
  wallNeedsLink:
    'Ein Bildschirm, der noch nicht auf diesem Board war, braucht zuerst einen Link zum Ansehen. Dieser Browser hat keinen.',

  links: 'Links',
  names: { view: 'Ansehen', add: 'Hinzufügen', edit: 'Ändern', own: 'Board leiten' },
  uses: (n) => (n === 0 ? 'noch niemand' : plural(n, { one: '1 Browser', other: '# Browser' })),
  used: (n, size) => `${pictures(n)}, ${size}`,
  elsewhere: 'in einem anderen Browser erstellt',
  copy: (name) => `Den Link ${apart(name)} kopieren`,
  renew: 'Erneuern',
  renewNamed: (name) => `Den Link ${apart(name)} erneuern`,
  renewHint:
    'Erneuern erstellt einen neuen Link; der alte gilt nicht mehr, für niemanden, der mit ihm kam.',
  renewed: 'Hier ist der neue Link. Der alte gilt nicht mehr.',
  revoke: 'Widerrufen',
  revokeNamed: (name) => `Den Link ${apart(name)} widerrufen`,
  askRevoke: (name, n) =>
    `Den Link ${apart(name)} beenden? ${
      n === 0
        ? 'Niemand kommt mehr mit ihm.'
        : plural(n, {
            one: 'Der Browser, der mit ihm kam, ist sofort draußen.',
            other: 'Alle # Browser, die mit ihm kamen, sind sofort draußen.',
          })
    }`,
  keep: 'Behalten',
  revoked: (name) => `Der Link ${apart(name)} gilt nicht mehr.`,
  newLink: 'Noch ein Link',
  newLinkFor: 'Für wen? Das siehst nur du.',
  newLinkRole: 'Was er erlaubt',
  newLinkSite: 'Für die Seiten einer Website',
  newLinkSiteHint:
    'Wie https://site.example; leer für keine. Wer diesen Server betreibt, lässt sie mit --allow-origin anfragen.',
  noSite: 'Eine Website ohne Pfad angeben, wie https://site.example.',
  onlyAt: (origin) => `nur auf ${apart(origin)}`,
  make: 'Link erstellen',

  scripts: 'Für Skripte',
  scriptsHint: 'Skripte können, was dieser Link kann. Wie ein Passwort aufbewahren.',
  noScripts: 'Einen Link wählen, den dieser Browser hat.',
  curl: 'curl',
  python: 'Python',
  copyCode: (name) => `Die Zeilen für ${apart(name)} kopieren`,

  door: 'Wer hereinkommt',
  passphrase: 'Passwort',
  passphraseHint: 'Wird zusätzlich zum Link verlangt.',
  hasPassphrase: 'Es gibt eines. Ein anderes eintippen, um es zu ändern.',
  setPassphrase: 'Setzen',
  removePassphrase: 'Entfernen',
  passphraseSet: 'Ab jetzt verlangt das Board dieses Passwort.',
  passphraseRemoved: 'Das Board verlangt kein Passwort mehr.',
  closesAt: 'Schließt nach dem',
  closesAtHint: 'Danach öffnet das Board nur für seine Eigentümer. Leer heißt nie.',
  closesSet: (day) => `Das Board schließt nach dem ${day}.`,
  closesNever: 'Das Board bleibt offen.',
  wallLink: 'Leinwände laden ein mit',
  wallLinkNone: 'keinem Link',
  wallLinkHint: 'Eine Leinwand zeigt einen Code für diesen Link, der alle zehn Minuten wechselt.',
  wallLinkSet: (name) => `Leinwände laden mit dem Link ${apart(name)} ein.`,
  wallLinkUnset: 'Leinwände laden niemanden ein.',

  cardLabel: 'Tischkarte',
  cardTitle: 'Deine Bilder dazu',
  cardHint: 'Die Kamera auf den Code richten. Keine App, kein Konto.',
}
