import { inLanguage } from './language.ts'

/** The sentences for hosts, who keep a board in order, and for the guests whom that concerns. */
export const hostWords = inLanguage('host', {
  // Everything by one guest
  deleteAllByGuest: 'Delete everything by this guest',
  deleteAllBy: (name: string, n: number): string =>
    `Delete ${n === 1 ? 'the picture' : `all ${n} pictures`} by ${name || 'this guest'}`,
  deletedAllBy: (name: string, n: number): string =>
    `Deleted ${pictures(n)} by ${name || 'a guest'}.`,

  // The whole board
  clearBoard: 'Clear the board',
  askClear: (n: number): string =>
    n === 1
      ? 'Move the 1 picture on this board to the trash?'
      : `Move all ${n} pictures on this board to the trash?`,
  clearHint: (days: number): string =>
    `Everybody here sees them go. They can be put back for ${days === 1 ? '1 day' : `${days} days`}.`,
  clear: (n: number): string => (n === 1 ? 'Clear 1 picture' : `Clear ${n} pictures`),
  keepBoard: 'Keep them',
  cleared: (n: number): string => `Cleared the board: ${pictures(n)} in the trash.`,

  // Pictures of guests
  guests: "Guests' pictures",
  adding: { open: 'Come at once', held: 'Wait for me', paused: 'Paused' },
  addingHints: {
    open: 'Who has the link to add puts pictures onto the board at once.',
    held: 'What comes by the link to add waits until you approve it. Nobody else sees it before.',
    paused: 'Nobody adds by the link to add until you change this. Guests are told so.',
  },
  isPaused: 'The host has paused adding.',
  pauseAdding: 'Pause adding',
  resumeAdding: 'Let guests add again',
  haveWait: "Have guests' pictures wait for me",
  letCome: "Let guests' pictures come at once",
  addingIs: {
    open: "Guests' pictures come onto the board at once now.",
    held: "Guests' pictures wait for you now.",
    paused: 'Adding is paused. Guests are told so.',
  },

  // Those that wait, for their owner
  waitingPictures: 'Waiting pictures',
  wait: (n: number): string => (n === 1 ? '1 waits' : `${n} wait`),
  waitForYou: (n: number): string =>
    n === 1 ? '1 picture waits for you' : `${n} pictures wait for you`,
  noneWaits: 'Nothing waits.',
  noneWaitsHint: "Guests' pictures come here first.",
  noneWaitHereHint:
    "Guests' pictures don't come here now. The settings can have them wait for you.",
  waitingPicture: (name: string, by: string): string => (by ? `${name}, by ${by}` : name),
  approve: 'Approve',
  refuse: 'Refuse',
  approveAll: (n: number): string => (n === 1 ? 'Approve 1' : `Approve all ${n}`),
  askApproveAll: (n: number): string =>
    n === 1
      ? 'Let the 1 picture that waits onto the board?'
      : `Let all ${n} pictures that wait onto the board?`,
  letWait: 'Let them wait',
  stillArriving: 'That picture is still on its way. Approve it in a moment.',
  refusedOne: (by: string): string => `Refused the picture by ${by || 'a guest'}.`,

  // Those that wait, for the guest who sent them
  waitForHost: (n: number): string => (n === 1 ? '1 waits for the host' : `${n} wait for the host`),
  waitForHostHint: 'They come onto the board once the host approves them.',
  takeBack: 'Take back',
  waits: 'waits',
  arriving: 'on its way',
  notTaken: (n: number): string =>
    n === 1
      ? "The host didn't let your picture onto the board."
      : `The host didn't let ${n} of your pictures onto the board.`,
})

const pictures = (n: number): string => (n === 1 ? '1 picture' : `${n} pictures`)
