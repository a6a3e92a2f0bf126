import { inLanguage } from './language.ts'

/** The sentences of the gate: where a board needs a link, a code or a passphrase. */
export const gateWords = inLanguage('gate', {
  code: 'Code or link',
  codeHint: 'Six letters from a wall, an owner code, or a whole link.',
  signIn: 'Sign in as the owner',
  passphrase: 'Passphrase',
  open: 'Open',
  opening: 'Opening the board.',
  tryingAgain: (cause: string): string => `${cause} Trying again.`,
  withoutLink: 'Open without this link',
  backToBoard: 'Back to the board',
  unsent: (n: number): string =>
    n === 1
      ? "1 change isn't sent yet. It is kept in this browser, and sent once you are let in again."
      : `${n} changes aren't sent yet. They are kept in this browser, and sent once you are let in again.`,
  unsentHere: (n: number): string =>
    n === 1
      ? "1 change isn't sent yet. Leave this page open: it is sent once you are let in again."
      : `${n} changes aren't sent yet. Leave this page open: they are sent once you are let in again.`,
  typeSomething: 'Type the code, or paste the link.',
})
