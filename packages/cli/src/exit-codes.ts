/** The codes that the commands end with (docs/command-line.md). */
export const exitCodes = {
  done: 0,
  /** Something was left, and the output says what. */
  partly: 1,
  /** A flag, an address or a file is wrong. */
  mistake: 2,
  /** No server answers. */
  noAnswer: 3,
  /** The board refuses us: the link ended, or allows less. */
  refused: 4,
  /** Ctrl-C, as shells count it: 128 and the signal's number. */
  interrupted: 130,
} as const
