import { inLanguage } from './language.ts'

/** The sentences of the home: one's boards, where the front board doesn't open. */
export const homeWords = inLanguage('home', {
  /** Other programs show it below a link to a board. */
  preview: 'Drop a picture; everyone on this board sees it, now.',
  title: 'Your boards',
  find: 'Find a board',
  nothing: 'No board is called that.',
  shared: 'Open a board to add what you shared.',
  join: 'Join by a code',
  rename: (title: string): string => `Rename ${title}`,
  name: (title: string): string => `New name of ${title}`,
  keepName: 'Rename',
  forget: (title: string): string => `Remove ${title} from the list`,
  forgotten: (title: string): string =>
    `${title} is off the list. The board itself stays, for whoever has its link.`,
  remove: (title: string): string => `Delete ${title} for good`,
  askRemove: (title: string): string =>
    `Delete ${title} with all its pictures for good? Nobody can put it back.`,
  keep: 'Keep',
  removed: (title: string): string => `Deleted ${title} for good.`,
  renamed: (title: string): string => `It is called ${title} now.`,
})
