import { inLanguage } from './language.ts'

/** The page's sentences, in the order of the page. docs/look.md has the tone. */
export const words = inLanguage('page', {
  product: 'Wirephoto',

  // The board and its menu
  frontBoard: 'Front board',
  untitled: 'Untitled board',
  boardName: 'Name of this board',
  boardMenu: 'Board menu',
  rename: 'Rename',
  share: 'Share',
  copyLink: 'Copy link',
  newBoard: 'New board',
  toFrontBoard: 'Go to the front board',
  boards: 'Your boards',
  trash: 'Trash',
  settings: 'Settings',
  keySheet: 'Keys',
  palette: 'Find an action',
  toTheme: (theme: 'light' | 'dark'): string =>
    theme === 'dark' ? 'Switch to darkroom' : 'Switch to light table',

  // The bar
  tools: 'Tools',
  add: 'Add',
  choose: 'Choose pictures',
  takePhoto: 'Take a photo',
  select: 'Select',
  selectAll: 'Select all',
  hand: 'Hand',
  undo: 'Undo',
  redo: 'Redo',
  more: 'More',

  // The view
  zoom: 'Zoom',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  zoomReset: 'Zoom to 100 %',
  fit: 'Fit',
  fitAll: 'Fit all pictures',

  // Pictures
  pictures: (n: number): string => `${pictures(n)} on this board`,
  pictureMenu: (n: number): string => `${pictures(n)} selected`,
  pictureLabel: (name: string, state: string): string =>
    state === 'stored' ? name : state === 'failed' ? `${name}, not sent` : `${name}, arriving`,
  openLarge: 'Open large',
  download: 'Download',
  bringToFront: 'Bring to front',
  duplicate: 'Duplicate',
  tidy: 'Tidy',
  caption: 'Caption',
  delete: 'Delete',

  // A picture on its way: one's own, or of somebody with a name
  percent: (share: number): string => `${Math.round(share * 100)} %`,
  retry: 'Retry',
  cancelled: (n: number): string => `Cancelled ${pictures(n)}.`,
  cancelSending: (n: number): string => (n <= 1 ? 'Cancel sending' : `Cancel sending ${n}`),

  // People
  guest: 'Guest',
  people: 'Who is here',

  // The wall
  showOnScreens: 'Show on screens',
  openWall: 'Open the wall',

  // Empty, and about to be less so
  emptyTitle: 'Drop pictures here.',
  emptyTitleOnPhone: 'Add the first picture.',
  emptyHint: 'Or paste, choose, or take a photo.',
  emptyHintForAll: 'Everyone on this board sees it at once.',
  emptyForViewer: 'Nothing here yet.',
  emptyForViewerHint: 'Pictures appear as soon as someone adds them.',
  lookOnly: 'You can look at this board, but not add to it.',
  letGo: (n: number): string => `Let go to add ${n > 0 ? pictures(n) : 'pictures'}`,

  // The line
  live: 'Live',
  slow: 'Slow connection',
  connecting: 'Connecting',
  offline: "You're offline.",
  serverGone: "This board's server doesn't answer.",
  changesKept: (cause: string): string => `${cause} Changes are kept and sent later.`,
  asOf: (cause: string, time: string): string =>
    `${cause} Shown as of ${time}. Changes are kept and sent later.`,
  noCopy: (cause: string): string => `${cause} No copy is here.`,
  databaseAway: "Saved here. This board's database doesn't answer; changes are sent later.",
  backOnline: (n: number): string =>
    n > 0 ? `Back online. ${n} ${n === 1 ? 'change' : 'changes'} sent.` : 'Back online.',
  needsConnection: 'That needs a connection. Try again when you are back online.',

  notAdded: "Some of these pictures couldn't be added. Add them again.",
  partMissing: "A part of this page can't be loaded. Reload it.",

  // Notices
  notices: 'Notices',
  close: 'Close',
  reload: 'Reload',
  deleted: (n: number): string => `Deleted ${pictures(n)}.`,
  nothingToUndo: 'There is nothing to undo.',
  nothingToRedo: 'There is nothing to redo.',
  copyPicture: (n: number): string => (n > 1 ? `Copy ${pictures(n)}` : 'Copy picture'),

  // Keys, as tooltips, menus and the sheet name them
  keys: {
    mod: 'Ctrl',
    shift: 'Shift',
    delete: 'Del',
    backspace: 'Backspace',
    enter: 'Enter',
    '-': '−',
  } as Record<string, string>,
})

const pictures = (n: number): string => (n === 1 ? '1 picture' : `${n} pictures`)
