import { inLanguage } from './language.ts'

/** The sentences about who owns the server or a board, and about leaving. */
export const ownerWords = inLanguage('owners', {
  // The browsers that own the server, or a board
  ofServer: 'Browsers that own this server',
  ofBoard: 'Browsers that run this board',
  loading: 'Asking the server.',
  hint: 'End one that you lost, or no longer know.',
  device: (browser: string, system: string): string =>
    browser && system ? `${browser} on ${system}` : browser || system || 'A browser or a program',
  thisOne: 'this one',
  end: 'End',
  endNamed: (name: string): string => `End ${name}`,
  ended: 'It is out.',
  endedByLink: 'It is out. It can come back by its link until you renew that.',

  // Leaving
  you: 'You, in this browser',
  ownsUntil: (time: string): string => `This browser owns the server until ${time}.`,
  signOut: 'Sign out',
  signedOut: 'This browser no longer owns the server.',
  cameByLink: 'This browser came by a link, or made this board.',
  leave: 'Leave this board',
  askLeave:
    'Leave this board? This browser then forgets it, with the links that it keeps. You come back by a link alone.',
  stay: 'Stay',
})
