import type { Role } from '@wirephoto/board'
import { inLanguage } from './language.ts'

/** The sentences of the share sheet. */
export const shareWords = inLanguage('share', {
  loading: 'Asking the server who may come.',
  again: 'Try again',

  // The link
  theyCan: 'They can',
  roles: { view: 'look', add: 'add', edit: 'change', own: 'run it' } satisfies Record<Role, string>,
  rights: {
    view: 'They see the pictures as they come, and change nothing.',
    add: 'They add pictures. They move, caption and delete only their own.',
    edit: "They move, caption and delete everybody's pictures too.",
    own: 'They do all that you can, and may take the board from you.',
  } satisfies Record<Role, string>,
  link: 'Link',
  codeFor: (url: string): string => `A code that opens ${url}`,
  copied: 'Copied',
  copyShort: 'Copy',
  shareBy: 'Share…',
  printCard: 'Print a table card',
  noSecret:
    'This link was made in another browser, which keeps it. Here you can renew it: that makes a new link, and the old one ends.',
  noLink: 'There is no such link.',
  makeIt: 'Make this link',
  openBoard: 'Whoever has this address can see and change this board.',
  closeBoard: 'Let it open by links alone',
  closeBoardHint: "Its address stays. Those who are here and aren't you need a link from then on.",
  yourLink: 'This is the link that you came by. Whoever has it can do here what you can.',
  askForLink: 'Ask who runs this board for a link to pass on.',
  onlyHere:
    'Nobody else can open this link: it leads to this computer. Start the server with --lan, and others on your network can.',
  forOthers: (url: string): string =>
    `Others can't open localhost, so this link begins with ${url}.`,

  // The list
  links: 'Links',
  names: {
    view: 'Look',
    add: 'Add',
    edit: 'Change',
    own: 'Run the board',
  } satisfies Record<Role, string>,
  uses: (n: number): string => (n === 0 ? 'nobody yet' : n === 1 ? '1 browser' : `${n} browsers`),
  used: (n: number, size: string): string => `${n === 1 ? '1 picture' : `${n} pictures`}, ${size}`,
  elsewhere: 'made in another browser',
  copy: (name: string): string => `Copy the link ${name}`,
  renew: 'Renew',
  renewNamed: (name: string): string => `Renew the link ${name}`,
  renewHint: 'Renew makes a new link; the old one ends, with all who came by it.',
  renewed: 'Here is the new link. The old one has ended.',
  revoke: 'Revoke',
  revokeNamed: (name: string): string => `Revoke the link ${name}`,
  askRevoke: (name: string, n: number): string =>
    n > 0
      ? `End the link ${name}? ${n === 1 ? 'The browser' : `All ${n} browsers`} that came by it ${n === 1 ? 'is' : 'are'} out at once.`
      : `End the link ${name}? Nobody can come by it any more.`,
  keep: 'Keep it',
  revoked: (name: string): string => `The link ${name} has ended.`,
  newLink: 'Another link',
  newLinkFor: 'For whom? You alone see this.',
  newLinkRole: 'What they can do',
  newLinkSite: 'For the pages of one website',
  newLinkSiteHint:
    'Like https://site.example; empty for none. Whoever runs this server lets it ask, by --allow-origin.',
  noSite: 'Write a website without a path, like https://site.example.',
  onlyAt: (origin: string): string => `only at ${origin}`,
  make: 'Make the link',

  // The wall
  wall: 'The wall',
  wallAddress: 'Address of the wall',
  openThisWall: 'Open this wall',
  copyWall: 'Copy the address of the wall',
  wallHint: 'Open this address on another screen, and the wall stands there.',
  wallNeedsLink:
    'A screen that has not been on this board needs a link for looking first. This browser has none.',

  // For scripts
  scripts: 'For scripts',
  scriptsHint: 'They do what this link can. Keep it like a password.',
  noScripts: 'Choose a link that this browser has.',
  curl: 'curl',
  python: 'Python',
  copyCode: (name: string): string => `Copy the lines for ${name}`,

  // The board's door
  door: 'Who gets in',
  passphrase: 'Passphrase',
  passphraseHint: 'Asked beside the link.',
  hasPassphrase: 'There is one. Type another to change it.',
  setPassphrase: 'Set',
  removePassphrase: 'Remove',
  passphraseSet: 'From now on the board asks for this passphrase.',
  passphraseRemoved: 'The board asks for no passphrase any more.',
  closesAt: 'Closes at the end of',
  closesAtHint: 'From then on the board opens for its owners alone. Empty for never.',
  closesSet: (day: string): string => `The board closes at the end of ${day}.`,
  closesNever: 'The board stays open.',
  wallLink: 'Walls invite by',
  wallLinkNone: 'no link',
  wallLinkHint: 'A wall shows a code for this link, which changes every ten minutes.',
  wallLinkSet: (name: string): string => `Walls invite by the link ${name}.`,
  wallLinkUnset: 'Walls invite nobody.',

  // The table card
  cardLabel: 'Table card',
  cardTitle: 'Add your pictures',
  cardHint: 'Point your camera at the code. No app, no account.',
})
