import { inLanguage } from './language.ts'

/** The sentences of the feed and of a guest's page, loaded with it. */
export const feedWords = inLanguage('feed', {
  views: 'View',
  yours: 'Yours',
  pictures: 'Pictures',
  board: 'Board',
  newestFirst: (n: number): string => `${pictures(n)}, newest first`,

  // A guest's own pictures
  addYours: 'Add your pictures.',
  ownPictures: 'Your pictures',
  everybodys: 'On this board',
  showAll: (n: number): string => `Show all ${n}`,
  showFewer: 'Show fewer',
  onBoard: 'On the board',
  waitsForHost: 'Waits for the host',
  keptHere: 'Kept here. Sent when you are back online.',
  remove: (name: string): string => `Remove ${name}`,
  retry: (name: string): string => `Retry ${name}`,
  unnamed: 'this picture',
})

const pictures = (n: number): string => (n === 1 ? '1 picture' : `${n} pictures`)
