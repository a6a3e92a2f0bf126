import { inLanguage } from './language.ts'

/** The sentences about what is saved of a board, loaded with its panel. */
export const saveWords = inLanguage('save', {
  board: 'Save board',
  all: 'Save all pictures',
  allHint: (n: number, size: string): string =>
    `${n === 1 ? 'The picture' : `All ${n} pictures`} in one zip, ${size}, as they were added.`,
  chosen: (n: number): string => `Save ${pictures(n)}`,
  chosenHint: 'The selected pictures in one zip.',
  folder: 'Save as a folder',
  folderHint: 'A zip with a page that shows this board without a connection.',
  picture: 'Save board as PNG',
  pictureHint: 'The whole board as one picture.',
  print: 'Print',
  printHint: 'The board on one page, or its pictures in rows over several.',
  nothing: 'There is no picture here to save yet.',

  planning: 'Preparing',
  saving: (sent: string, total: string): string => `Saving ${sent} of ${total}`,
  /** Where nothing tells how far it is. */
  started: 'Saving. Your browser shows how far it is.',
  brokenOff: (sent: string, total: string): string =>
    `Broke off at ${sent} of ${total}. Your browser's downloads can go on with it.`,
  saved: (n: number): string => `Saved ${pictures(n)}.`,
  begun: (n: number, size: string): string => `Saving ${pictures(n)}, ${size}.`,
  leftOut: (n: number): string =>
    `${pictures(n)} can't be saved now. The zip says which ${n === 1 ? 'one' : 'ones'} and why.`,

  drawing: (n: number, of: number): string => `Drawing ${n} of ${of}`,
  drawn: (width: number, height: number): string => `Saved as ${width} × ${height} pixels.`,
  notDrawn: (n: number): string =>
    `${pictures(n)} couldn't be loaded and ${n === 1 ? 'is' : 'are'} left out.`,
  cannotDraw: "This browser doesn't give back what it draws. Save the pictures instead.",
  tooLarge: 'This browser has no room for such a picture. Save the pictures instead.',
  printing: (n: number, of: number): string => `Loading ${n} of ${of}`,
})

const pictures = (n: number): string => (n === 1 ? '1 picture' : `${n} pictures`)
