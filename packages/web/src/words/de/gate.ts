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
      one: '1 Änderung ist noch nicht gesendet. Sie bleibt in diesem Browser und wird gesendet, sobald das Board wieder offen ist.',
      other:
        '# Änderungen sind noch nicht gesendet. Sie bleiben in diesem Browser und werden gesendet, sobald das Board wieder offen ist.',
    }),
  unsentHere: (n) =>
    plural(n, {
      one: '1 Änderung ist noch nicht gesendet. Bitte diese Seite offen lassen: Sie wird gesendet, sobald das Board wieder offen ist.',
      other:
        '# Änderungen sind noch nicht gesendet. Bitte diese Seite offen lassen: Sie werden gesendet, sobald das Board wieder offen ist.',
    }),
  typeSomething: 'Den Code eintippen oder den Link einfügen.',
}
