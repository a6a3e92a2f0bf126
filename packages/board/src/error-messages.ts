import type { ErrorCode, ErrorFacts } from './error-codes.ts'
import { programErrorMessages } from './program-error-messages.ts'

/** The sentence for each error code: what happened, then what to do. */
export const errorMessages: Record<ErrorCode, (facts: ErrorFacts) => string> = {
  ...programErrorMessages,
  'bad-request': ({ field }) =>
    `${field ? `The value of "${field}"` : 'That request'} isn't one this server understands. Check it against the API.`,
  'empty-file': ({ name }) => `${file(name)} is empty. Choose another.`,
  'link-needed': () => 'This board opens by a link. Ask who runs it for one.',
  'passphrase-needed': () => 'This board has a passphrase. Type it to go on.',
  'not-allowed': () => "This link doesn't allow that. Ask for another one.",
  'owner-needed': () =>
    'Only the owner of this server may do that. Enter the owner code, or ask who runs it.',
  'link-ended': () => 'This link no longer works. Ask for a new one.',
  'wrong-code': () => "That code isn't right, or its time is over. Ask for a new one.",
  'wrong-passphrase': () => "That passphrase isn't right. Try again.",
  'board-closed': () => 'This board has closed. Ask who runs it.',
  'adding-paused': () => 'This board takes no new pictures at the moment. Try again later.',
  'foreign-origin': () => 'Another site asked for that. Open the board itself.',
  'foreign-address': () =>
    "This server doesn't fetch pictures from there. Save the picture and add its file.",
  'not-found': () => 'There is nothing at this address. Check it.',
  'unknown-board': () => 'There is no such board, or it was deleted. Check the link.',
  'unknown-picture': () => 'This picture is gone.',
  conflict: () => 'This id is taken. Use a new one.',
  'wrong-offset': () => 'The upload stands at another byte. Ask for its offset and go on there.',
  gap: () => 'A change before this one is missing. Send that first.',
  'stale-client': () => 'These changes are too old to be sent. Make them again.',
  'file-changed': ({ name }) => `${file(name)} changed while it was sent. Add it again.`,
  'upload-gone': () => 'This upload is gone. Add the picture again.',
  'too-large': ({ name, size, limit }) =>
    size === undefined
      ? `${file(name)} is too large. The limit here is ${formatBytes(limit ?? 0)}.`
      : `${file(name)} is ${formatBytes(size)}. The limit here is ${formatBytes(limit ?? 0)}.`,
  'too-many-pixels': ({ name, size, side, frames, limit }) =>
    side !== undefined
      ? `${file(name)} is ${side} pixels long. The limit here is ${limit}.`
      : size === undefined && frames !== undefined
        ? `${file(name)} has ${frames} frames. The limit here is ${limit}.`
        : `${file(name)} has ${megapixels(size ?? 0)} megapixels${frames === undefined ? '' : ' in all its frames'}. The limit here is ${megapixels(limit ?? 0)}.`,
  'text-picture': ({ name }) =>
    `${file(name)} is a picture written as text. Send its bytes instead of base64.`,
  'not-a-picture': refusedKind,
  video: refusedKind,
  'camera-file': refusedKind,
  document: refusedKind,
  'other-format': refusedKind,
  damaged: ({ name }) => `${file(name)} is damaged or incomplete. Try the original.`,
  'unreadable-tiff': ({ name }) =>
    `${file(name)} is a kind of TIFF that can't be read here. Export it as PNG or JPEG.`,
  'too-heavy': ({ name, limit }) =>
    limit === undefined
      ? `${file(name)} takes too much work to open. Save it smaller.`
      : `${file(name)} takes more memory to open than this server may use (--memory ${formatBytes(limit)}). Save it smaller, or tell whoever runs it.`,
  'board-full': () => 'This board is full. Empty its trash, shorten captions, or start a new one.',
  'old-page': () => 'This page is older than its server. Reload it.',
  'too-fast': quota,
  'too-many': quota,
  internal: () => 'Something broke on the server. Its log says what.',
  unreachable: ({
    because = "The picture can't be fetched from its address. Save it and add the file.",
  }) => because,
  busy: ({ isDropped }) =>
    isDropped
      ? 'The server has too much to do, and kept nothing of this request. Send it again in a moment.'
      : 'The server has too much to do. Try again in a moment.',
  away: () => "This board's database doesn't answer. Try again in a moment.",
  stopping: () => 'The server is stopping. Try again in a moment.',
  'newer-format': () =>
    'A newer server has saved this board. Tell whoever runs this one to update it.',
  'disk-full': () => 'The server has no room left. Tell whoever runs it.',
  'pictures-full': quota,
  'link-full': quota,
}

/** The server knows the sentence about a quota, and tells it. */
function quota({ because = 'That was too much at once. Wait a moment.' }: ErrorFacts): string {
  return because
}

/** The table of kinds knows the rest of the sentence; it is fetched only when a file is refused. */
function refusedKind({ name, because }: ErrorFacts): string {
  return `${file(name)} ${because ?? "isn't a picture that can be added. Save it as JPEG or PNG."}`
}

const file = (name: string | undefined): string => name || 'This file'

/** Formats a size in decimal units: `212 MB`, `1.4 kB`. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

const megapixels = (pixels: number): string => (pixels / 1e6).toFixed(pixels < 9.95e6 ? 1 : 0)
