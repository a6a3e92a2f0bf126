import { inLanguage } from './language.ts'

/** The sentences of the panels over the board, loaded with them. */
export const panelWords = inLanguage('panels', {
  // One picture, large
  lightbox: (name: string): string => `${name || 'Picture'}, large`,
  previous: 'Previous picture',
  next: 'Next picture',
  position: (n: number, of: number): string => `${n} of ${of}`,
  pixels: (width: number, height: number): string => `${width} × ${height}`,
  wasDeleted: 'That picture was deleted.',
  addCaption: 'Add a caption',
  from: (site: string): string => `from ${site}`,

  // The stored frames of a live slot
  filmstripOf: (name: string): string => `Filmstrip of ${name}`,
  frame: 'Frame',
  play: 'Play',
  pause: 'Pause',
  showEverybody: 'Show everybody',
  oneFrame: 'One frame is stored so far. There is a strip once there are more.',

  // The trash
  trashHint: 'Deleted pictures stay here, for everybody, until they expire.',
  trashEmpty: 'Nothing in the trash.',
  trashEmptyHint: 'What is deleted can be put back from here.',
  trashed: (n: number): string => `${pictures(n)} in the trash`,
  chooseAll: 'Select all',
  chooseNone: 'Select none',
  chosen: (n: number): string => `${n} selected`,
  putBack: 'Put back',
  didPutBack: (n: number): string => `Put back ${pictures(n)}.`,
  deleteForGood: 'Delete for good',
  emptyTrash: 'Empty trash',
  askForGood: (n: number): string =>
    n === 1
      ? 'Delete this picture for good? That can be called off for a while, then nobody can put it back.'
      : `Delete ${n} pictures for good? That can be called off for a while, then nobody can put them back.`,
  keep: 'Keep',
  goForGood: (n: number): string =>
    n === 1 ? 'That picture goes for good soon.' : `${pictures(n)} go for good soon.`,
  didKeep: (n: number): string => `Kept ${pictures(n)} in the trash.`,
  goneIn: (ms: number): string => (ms > 0 ? `Gone in ${timeLeft(ms)}` : 'Gone in a moment'),
  daysLeft: (days: number): string =>
    days > 1 ? `${days} days left` : days === 1 ? '1 day left' : 'goes today',
  trashDaysBefore: 'Delete for good after',
  trashDays: 'Days in the trash',
  trashDaysAfter: 'days',

  // Your boards
  boardsHint: 'The boards that this browser has been on.',
  boardsForgotten: 'This browser keeps no list. These stand here while the page is open.',
  hereNow: 'you are here',

  // All boards of the server
  serverBoards: 'All boards of this server',
  pictures: (n: number): string => pictures(n),
  opensByAddress: 'opens by its address',
  moreBoards: 'More boards',
  askingServer: 'Asking the server.',
  closeBoard: 'Close',
  boardClosed: (title: string): string =>
    `${title} opens by links alone now. Open it to share them.`,
  deleteThisBoard: 'Delete this board',
  askDeleteBoard: (n: number): string =>
    `Delete this board with ${n === 0 ? 'all that it had' : pictures(n)} for good? Nobody can put it back.`,
  boardDeleted: (title: string): string => `Deleted ${title} for good.`,
  ownerCode: 'Owner code',
  ownerCodeHint:
    'All boards are for the owner of this server. Its start prints a code, and so does wirephoto owner-code.',
  enterCode: 'Enter',

  // Settings
  look: 'Look',
  looks: { system: 'As the system', light: 'Light table', dark: 'Darkroom' },
  lookHint: 'In this browser only.',
  language: 'Language',
  languages: { '': 'Automatic', en: 'English', de: 'Deutsch', ar: 'العربية' },
  languageHint: 'As your browser asks, or chosen for it. The page loads again.',
  thisBoard: 'This board, for everybody',
  keepMetadata: 'Keep what files say',
  keepMetadataHint:
    'New pictures keep where, when and by which camera they were taken, for everyone who downloads them. Otherwise only the picture is kept.',

  // Keys
  keysPictures: 'Pictures',
  keysView: 'View',
  keysBoard: 'Board',
  gestures: [
    ['Drag a picture', 'moves it, and all that are selected'],
    ['Drag the ground', 'selects what the box touches; with Space held it pans'],
    ['Alt drag', 'puts a copy where it is let go'],
    ['Wheel', 'pans; with Ctrl it zooms'],
    ['Shift click', 'adds to the selection'],
    ['Double click', 'opens large'],
    ['Right click, Shift F10', 'opens the menu of the pictures, or of the ground'],
    ['Arrows', 'go from picture to picture, or move what is selected'],
    ['Space', 'selects the picture that has the focus'],
    ['Tab', 'goes to the pictures, then to the buttons'],
    ['Esc', 'ends what is going on, then the selection'],
  ],
  fingers: [
    ['Tap', 'opens large'],
    ['Long press', 'selects a picture, and opens its menu or that of the ground'],
    ['Two fingers', 'zoom'],
  ],
  large: [
    ['+ − 0', 'zoom in, out, and to the whole picture'],
    ['Wheel, double click', 'zoom there; dragging then pans'],
    ['Two fingers, double tap', 'zoom there'],
    ['Arrows', 'go to the next picture, or pan while zoomed'],
    ['Swipe', 'aside to the next picture, down to close'],
    ['C', 'edits the caption'],
  ],
  inLarge: 'One picture, large',
  byMouse: 'Mouse and keyboard',
  byTouch: 'Touch',

  // The palette
  palettePrompt: 'What shall be done?',
  paletteNothing: 'Nothing is called that.',
})

/** Says a time that is left: minutes above one and a half, else seconds. */
const timeLeft = (ms: number): string =>
  ms > 90_000 ? `${Math.round(ms / 60_000)} min` : `${Math.ceil(ms / 1_000)} s`

const pictures = (n: number): string => (n === 1 ? '1 picture' : `${n} pictures`)
