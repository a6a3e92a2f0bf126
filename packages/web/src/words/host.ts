/** The sentences for hosts, who keep a board in order, and for the guests whom that concerns. */
export const hostWords = {
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
} as const

const pictures = (n: number): string => (n === 1 ? '1 picture' : `${n} pictures`)
