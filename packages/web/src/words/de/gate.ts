import type { Translations } from '../tables.ts'
import { plural } from './grammar.ts'

export const gate: Translations['gate'] = {
  code: 'Code oder Link',
  codeHint: 'Sechs Buchstaben von einer Leinwand, ein Eigentümer-Code oder ein ganzer Link.',
  signIn: 'Als Eigentümer anmelden',
  passphrase: 'Passwort',
  open: 'Öffnen',
  opening: 'Das Board wird geöffnet.',
  tryingAgain: (cause) => `${cause} Neuer Versuch läuft.`,
  withoutLink: 'Ohne diesen Link öffnen',
  backToBoard: 'Zurück zum Board',
  unsent: (n) =>
    plural(n, {
      one: '1 Änderung ist noch nicht gesendet. In diesem Browser bleibt sie, bis das Board wieder offen ist, und wird dann gesendet.',
      other:
        '# Änderungen sind noch nicht gesendet. In diesem Browser bleiben sie, bis das Board wieder offen ist, und werden dann gesendet.',
    }),
  unsentHere: (n) =>
    plural(n, {
      one: '1 Änderung ist noch nicht gesendet. Bitte diese Seite offen lassen, bis das Board wieder offen ist: Dann wird sie gesendet.',
      other:
        '# Änderungen sind noch nicht gesendet. Bitte diese Seite offen lassen, bis das Board wieder offen ist: Dann werden sie gesendet.',
    }),
  typeSomething: 'Den Code eintippen oder den Link einfügen.',
}
