import { inLanguage } from './language.ts'

/** The sentences of the parts that load once the board is live: over the pictures, and who is here. */
export const overlayWords = inLanguage('overlay', {
  // Actions
  copyView: 'Copy link to this view',
  activity: 'Activity',
  sendToBack: 'Send to back',
  larger: 'Larger',
  smaller: 'Smaller',
  shownOnScreens: 'Shown on every screen of this board.',
  needsFastConnection: "That doesn't work over a slow connection.",

  // Over the pictures
  live: (seconds: string): string => `live · ${seconds} s`,
  lastFrame: (time: string): string => `last frame ${time}`,
  filmstrip: 'Filmstrip',
  earlierFile: 'Put the earlier file back',
  captionOf: (name: string): string => `Caption of ${name}`,
  captionPrompt: 'What is to be seen?',
  notSent: 'Not sent',
  remove: 'Remove',
  newVersion: 'A new version of this page is here. Reload it when you like.',
  notKept:
    "This browser keeps no site data. Leave this page open until you're back online: what isn't sent is lost with it.",
  metadataKept: 'New pictures here keep where, when and by which camera they were taken.',
  metadataKeptNow:
    'From now on this board keeps where, when and by which camera pictures were taken.',
  metadataScrubbedNow:
    'From now on only the picture is kept. Pictures that are here already stay as they are.',
  obstacles: {
    between:
      'Something between you and the server answers in its place. Trying again until it is through.',
    'small-requests':
      'Something between you and the server takes only small requests. Sending in small parts.',
  },
  newPictures: (n: number): string => `${n} new`,
  goToNew: 'Go to what is new',
  stored: (n: number, all: number): string => `${n} of ${all}`,

  // Under a picture: its author, or how far it is on its way
  you: 'you',
  waiting: 'Waiting its turn',
  waitingForConnection: (name: string | null): string =>
    name === null ? 'Waiting for your connection' : `Waiting for ${name}'s connection`,
  waitingForServer: 'Waiting for the server',
  retrying: (seconds: number): string =>
    seconds > 0 ? `Trying again in ${seconds} s` : 'Trying again',
  heldUp: 'Held up on the way',
  seenBy: (n: number, of: number): string => `Seen by ${n} of ${of}`,
  milliseconds: (ms: number): string => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`),

  // After a drop or a paste
  refused: (names: readonly string[], total: number, areNoPictures: boolean): string =>
    `${names.length} of ${total} files ${areNoPictures ? "aren't pictures" : "can't be added"}: ${listOf(names)}.`,
  unreadable: (names: readonly string[]): string => `${listOf(names)} can't be read.`,
  emptyFolder: 'There is no picture in that folder.',
  moreRefused: (n: number): string => `${n} more can't be added.`,
  fetching: (n: number): string => (n === 1 ? 'Fetching the picture.' : `Fetching ${n} pictures.`),
  goesOn: (seconds: number): string =>
    `Pictures come faster than this board takes them. Yours go on in ${seconds === 1 ? '1 second' : `${seconds} seconds`}.`,
  noPicture: 'There is no picture in that. Add a file, or the address of a picture.',
  ownAddress: 'There is no such picture here any more. Copy another one.',
  shownToAll: 'Shown to everybody here, and not kept.',
  closedPicture: 'That picture can be had in its own page only. Save it there and add the file.',

  // Pictures that another program has shared with the installed page
  sharedWait: (n: number): string =>
    n === 1
      ? 'A picture that you shared is on no board yet.'
      : `${n} pictures that you shared are on no board yet.`,
  addHere: 'Add here',
  notShared: "What you shared couldn't be kept. Add it here by hand.",

  // After others did something
  deletedByOther: {
    captioned: (name: string, _n: number): string =>
      `${name || 'Somebody'} deleted the picture that you were captioning.`,
    moved: (name: string, n: number): string =>
      `${name || 'Somebody'} deleted ${pictures(n)} that you were moving.`,
    selected: (name: string, n: number): string =>
      `${name || 'Somebody'} deleted ${pictures(n)} that you had selected.`,
    changed: (name: string, n: number): string =>
      `${name || 'Somebody'} deleted ${pictures(n)} that you had changed.`,
    any: (name: string, n: number): string => `${name || 'Somebody'} deleted ${pictures(n)}.`,
  },
  markedByOther: (name: string, n: number, ofYours: boolean): string =>
    `${name || 'Somebody'} is deleting ${ofYours ? (n === 1 ? 'your picture' : `${n} of your pictures`) : pictures(n)} for good.`,
  callOff: 'Call off',
  overtaken: (n: number): string =>
    `Somebody has changed or deleted ${pictures(n)} since. ${n === 1 ? 'It stays as it is.' : 'They stay as they are.'}`,
  settingsOvertaken: "Somebody has changed the board's settings since. They stay as they are.",

  // Who is here
  here: (n: number): string => (n === 1 ? 'Only you are here' : `${n} people are here`),
  further: (n: number): string => `+${n}`,
  alone: 'Nobody else is here.',
  askName: 'Your name goes with your pictures.',
  keepName: 'Done',
  skip: 'Without a name',

  answeredBetween:
    'Something between you and the server answered in its place. Try again in a moment.',

  // Copying
  linkCopied: 'Link copied.',
  viewCopiedWithoutLink:
    'Link copied. It opens this view for those who have a link to this board already: this browser has none to pass on.',
  paste: 'Paste',
  pasteByKey: (key: string): string => `The clipboard can't be read here. Press ${key} to paste.`,
  linesCopied: 'Lines copied.',
  linkMade: 'The link is made.',
  linkCopiedFor: (url: string): string =>
    `Link copied. It begins with ${url}, since others can't open localhost.`,
  linkCopiedHere:
    'Link copied. Only this computer can open it. Start the server with --lan or --public-url for others.',
  picturesCopied: (n: number): string =>
    n === 1
      ? 'Picture copied.'
      : `${n} pictures copied. They paste here; other programs get the first.`,
  picturesNotCopied: (n: number): string =>
    n === 1
      ? "The picture couldn't be copied. Its link is copied instead."
      : `The pictures couldn't be copied. Their ${n} links are copied instead.`,
  pictureLinksCopied: (n: number): string =>
    `Pictures can be copied on https pages only. ${n === 1 ? 'Its link is' : `Their ${n} links are`} copied instead.`,
  copyByHand: (link: string): string => `Copy this link: ${link}`,
  notStoredYet: (n: number): string =>
    `${pictures(n)} ${n === 1 ? "hasn't" : "haven't"} arrived yet. Try again in a moment.`,
})

/** Lists names: all of three, else two and the number of the others. */
function listOf(names: readonly string[]): string {
  if (names.length < 2) return names.join()
  const shown = names.slice(0, names.length > 3 ? 2 : -1)
  const rest = names.length > 3 ? `${names.length - 2} more` : names.at(-1)
  return `${shown.join(', ')} and ${rest}`
}

const pictures = (n: number): string => (n === 1 ? '1 picture' : `${n} pictures`)
