/** The sentences of the page about the API. */
export const apiWords = {
  title: 'For scripts',
  about:
    'Every address of this server, what it takes and what it answers. What you try here is done: a picture that you add stands on its board.',
  example: 'A picture from a script:',
  document: 'The same for programs: openapi.json',
  link: 'Link',
  linkHint: 'What stands behind # in a link of the board. Without it you ask as this browser.',
  find: 'Find',
  nothingFound: 'No address has that in it.',
  place: { path: 'in the address', query: 'behind ?', header: 'header' },
  optional: 'may be left out',
  body: 'Body',
  file: 'Picture',
  try: 'Try',
  trying: 'Asking',
  answers: 'Answers',
  error: 'Every one may answer {"error": {"code", "message"}}.',
  noAnswer: 'The server did not answer. Try again.',
  noDocument: 'The list could not be loaded. Reload the page.',
  bytes: 'bytes',
  isEmpty: 'Nothing in it.',
} as const
