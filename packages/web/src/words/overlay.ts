/** The sentences of the parts that load once the board is live: over the pictures, and who is here. */
export const overlayWords = {
  // Over the pictures
  captionOf: (name: string): string => `Caption of ${name}`,
  captionPrompt: 'What is to be seen?',
  notSent: 'Not sent',
  remove: 'Remove',
  newVersion: 'A new version of this page is here. Reload it when you like.',
  notKept:
    "This browser keeps no site data. Leave this page open until you're back online: what isn't sent is lost with it.",
  obstacles: {
    between:
      'Something between you and the server answers in its place. Trying again until it is through.',
    'small-requests':
      'Something between you and the server takes only small requests. Sending in small parts.',
  },
  newPictures: (n: number): string => `${n} new`,
  goToNew: 'Go to what is new',

  // Who is here
  here: (n: number): string => (n === 1 ? 'Only you are here' : `${n} people are here`),
  further: (n: number): string => `+${n}`,
  alone: 'Nobody else is here.',
  askName: 'What shall we call you?',
  keepName: 'Keep',
  skip: 'Skip',

  // Copying
  linkCopied: 'Link copied.',
  pictureCopied: 'Picture copied.',
  pictureNotCopied: "The picture couldn't be copied. Its link is copied instead.",
  pictureLinkCopied: 'Pictures can be copied on https pages only. Its link is copied instead.',
  copyByHand: (link: string): string => `Copy this link: ${link}`,
  notStoredYet: (n: number): string =>
    `${pictures(n)} ${n === 1 ? "hasn't" : "haven't"} arrived yet. Try again in a moment.`,
} as const

const pictures = (n: number): string => (n === 1 ? '1 picture' : `${n} pictures`)
