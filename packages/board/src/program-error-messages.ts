import type { ErrorCode, ErrorFacts } from './error-codes.ts'

/**
 * The sentences for errors that a page of ours never makes itself: they come from the server with their sentence. So the
 * page's build leaves them out.
 */
export const programErrorMessages = {
  'unknown-field': ({ field }) =>
    `${field ? `"${field}"` : 'A field'} isn't used here. Leave it out, or check its name.`,
  'broken-form': () => 'This form has no usable boundary, or breaks off. Send it again.',
  'no-upload-id': () =>
    'This upload names no announced picture in its metadata "id". To add a new one, POST it to …/images.',
  'sign-in-failed': ({ because = 'Sign in again.' }) => because,
  'no-wall-link': () => 'No link is chosen for the walls of this board. Choose one first.',
  'method-not-allowed': () => "This address doesn't take that method. Check it against the API.",
  'upload-lost': () => 'The server that had this upload is gone. Begin the upload again.',
  'server-away': () => "The server that has this upload doesn't answer. Try again in a moment.",
  'archive-gone': () => 'This download is too old, or has a picture that is gone. Save it again.',
  'too-many-files': ({ limit }) =>
    `A form takes ${limit ?? 'fewer'} pictures. Send the others in another form.`,
  'wrong-type': () => 'This address takes JSON. Say so with Content-Type: application/json.',
  'wrong-encoding': ({ field }) =>
    `A body with Content-Encoding${field ? `: ${field}` : ''} can't be read here. Send it as it is.`,
  'etag-needed': () => 'This picture has another file. To replace that, send its ETag as If-Match.',
  'wrong-etag': () => 'This picture has another file by now. Look at it, then send its ETag.',
  'slot-in-trash': () =>
    'The tile of this slot is in the trash. Put it back there, or send to a slot of another name.',
  'key-reused': () =>
    'Another request had this Idempotency-Key. Send this one with a key of its own.',
  'foreign-host': () =>
    "This server doesn't answer to that name. Start it with --public-url to add the name.",
} satisfies Partial<Record<ErrorCode, (facts: ErrorFacts) => string>>
