/** One bound: its default, and what it bounds in the operator's words. */
interface Bound {
  readonly value: number
  readonly unit: 'bytes' | 'count' | 'percent' | 'seconds'
  readonly what: string
}

/**
 * The bounds of this server, so that nobody takes it from others (SPEC.md F7). `--bound <name>=<number>` sets
 * one. docs/bounds.md lists them; a test holds it against this table.
 */
// biome-ignore format: a table
const TABLE = {
  'waiting-decodes': { value: 500, unit: 'count', what: 'pictures that wait for a decoder, for each kind of work' },
  fetches: { value: 8, unit: 'count', what: 'pictures that are fetched from their addresses' },
  connections: { value: 8_000, unit: 'count', what: 'open connections, and at most a third of the descriptors that the process may have' },
  'connections-per-address': { value: 4_000, unit: 'count', what: 'open connections, and requests under way, of one address (of IPv6 a /64)' },
  'waiting-requests': { value: 1_000, unit: 'count', what: 'requests that wait behind others on their connections, 2 kB of headers as one more; over it, the connection with the most is closed' },
  'snapshots-being-sent': { value: 64_000_000, unit: 'bytes', what: 'boards that are being sent whole; over it, the readers of the oldest are cut off' },
  'unexplained-percent': { value: 5, unit: 'percent', what: 'stored files that a sweep sets aside because no picture names them' },
  'board-bytes': { value: 16_000_000, unit: 'bytes', what: 'the records of one board: their names, captions and places' },
  'arriving-per-board': { value: 4_000, unit: 'count', what: 'pictures of one board that are announced and not stored yet' },
  'arriving-per-address': { value: 2_000, unit: 'count', what: 'the same, of one board and from one address' },
  'arriving-per-visitor': { value: 1_000, unit: 'count', what: 'the same, of one board and from one visitor' },
  'commands-per-address': { value: 3_000, unit: 'count', what: 'messages and requests in a second from one address that change something, by socket or HTTP' },
  'commands-per-visitor': { value: 300, unit: 'count', what: 'the same from one visitor' },
  'boards-per-address': { value: 500, unit: 'count', what: 'boards that are made in an hour from one address' },
  'boards-per-visitor': { value: 100, unit: 'count', what: 'the same by one visitor' },
  'exchanges-per-address': {
    value: 2_000,
    unit: 'count',
    what: 'links and codes that are exchanged in an hour from one address',
  },
  'exchanges-per-visitor': { value: 200, unit: 'count', what: 'the same by one visitor' },
  'upload-bodies': { value: 256, unit: 'count', what: 'uploads whose bytes are being received' },
  'upload-rate': { value: 6_000, unit: 'bytes', what: 'the least that an upload, or another body, brings in a minute' },
  'growing-readers': { value: 256, unit: 'count', what: 'readers of pictures that are on their way' },
  uploads: { value: 4_000, unit: 'count', what: 'uploads of pictures that have begun and are not whole' },
  'uploads-per-address': { value: 1_000, unit: 'count', what: 'the same from one address' },
  'uploads-per-visitor': { value: 200, unit: 'count', what: 'the same from one visitor' },
  'upload-bytes-per-address': { value: 20_000_000_000, unit: 'bytes', what: 'what these files may have in all, from one address' },
  'upload-bytes-per-visitor': { value: 5_000_000_000, unit: 'bytes', what: 'the same from one visitor' },
  'free-disk': { value: 256_000_000, unit: 'bytes', what: 'what stays free on the disk when every upload is whole, and at most a twentieth of the disk' },
  presence: { value: 192_000, unit: 'bytes', what: 'selections and drags that a board shows of everybody' },
  'presence-per-visitor': { value: 48_000, unit: 'bytes', what: 'selections and drags that a board shows of one visitor' },
  'idle-boards': { value: 200, unit: 'count', what: 'boards in memory that nobody looks at' },
  'idle-board-bytes': { value: 64_000_000, unit: 'bytes', what: 'the records of these boards' },
  'board-loads': { value: 4, unit: 'count', what: 'boards that are loaded at the same time' },
  'sockets-per-address': { value: 100, unit: 'count', what: 'sockets in a second that one address opens onto boards; twenty times as many at once' },
  'waiting-requests-per-connection': { value: 100, unit: 'count', what: 'requests that wait behind others on one connection; over it, it is closed' },
  'answer-rate': { value: 6_000, unit: 'bytes', what: 'the least that an answer takes in a minute, of five minutes, while its reader lets it wait' },
  'slow-readers': { value: 500, unit: 'count', what: 'answers whose readers take less than 2 kB a second; over it, those of the address with the most that took nothing for longest are cut off' },
  'slow-readers-per-address': { value: 400, unit: 'count', what: 'the same of one address' },
  'presence-per-address': { value: 96_000, unit: 'bytes', what: 'selections and drags that a board shows of one address' },
  'unused-boards': { value: 86_400, unit: 'seconds', what: 'the age of boards that never held a picture, that nobody is on and nobody changed, until they are removed' },
  'unused-named-boards': { value: 604_800, unit: 'seconds', what: 'the same of boards that somebody has named or set up' },
  'queues-per-board': { value: 50_000, unit: 'count', what: 'command queues that a board remembers: of 30 days, or of one where they are more' },
  'tombstones-per-board': { value: 50_000, unit: 'count', what: 'pictures that are gone for good and that a board remembers: likewise' },
  'queues-per-address': { value: 2_000, unit: 'count', what: 'command queues (a page has one) that begin in an hour from one address' },
  'queues-per-visitor': { value: 500, unit: 'count', what: 'the same by one visitor' },
  'purge-grace': { value: 600, unit: 'seconds', what: 'the time after "Delete for good" in which it can be called off' },
  'audit-age': { value: 7_776_000, unit: 'seconds', what: 'the age of entries about who did what on a board, until they are removed' },
  'audit-entries': { value: 20_000, unit: 'count', what: 'entries about who did what that a board keeps, the newest' },
  'pictures-per-board': { value: 20_000, unit: 'count', what: 'pictures that a board has, those in its trash and those on their way included' },
  'picture-bytes-per-board': { value: 200_000_000_000, unit: 'bytes', what: 'the files of these pictures' },
  'pictures-per-link': { value: 20_000, unit: 'count', what: 'those of them that came by one link, unless its owner says otherwise' },
  'picture-bytes-per-link': { value: 100_000_000_000, unit: 'bytes', what: 'the files of these, likewise' },
  'pictures-of-strangers': { value: 15_000, unit: 'count', what: 'pictures of an open board that came by no link' },
  'picture-bytes-of-strangers': { value: 50_000_000_000, unit: 'bytes', what: 'the files of these' },
  'pictures-per-link-minute': { value: 6_000, unit: 'count', what: 'pictures that are added in a minute by one link' },
  'picture-bytes-per-link-minute': { value: 30_000_000_000, unit: 'bytes', what: 'the files of these' },
  'pictures-per-stranger-minute': { value: 3_000, unit: 'count', what: 'pictures that are added to an open board in a minute from one address without a link' },
  'picture-bytes-per-stranger-minute': { value: 10_000_000_000, unit: 'bytes', what: 'the files of these' },
  'owner-session': { value: 43_200, unit: 'seconds', what: 'the time for which somebody owns the server who has signed in, until they sign in again' },
  'packed-bodies': { value: 4, unit: 'count', what: 'packed uploads (gzip, Brotli) that are unpacked at the same time' },
  'live-slots': { value: 200, unit: 'count', what: 'live slots that take frames; over it, the one without a frame for longest gives way' },
  'frame-bodies': { value: 100, unit: 'count', what: 'requests that bring frames of live slots, streams of them included' },
  'frames-per-second': { value: 30, unit: 'count', what: 'frames that a live slot takes in a second' },
  'frames-per-slot': { value: 60, unit: 'count', what: 'earlier stored frames that are kept of a live slot' },
  'kept-answers': { value: 16_000_000, unit: 'bytes', what: 'answers to requests with an Idempotency-Key, which are kept for a day; over it, the oldest are forgotten' },
  archives: { value: 32, unit: 'count', what: 'archives of pictures that are being read' },
  'archive-age': { value: 86_400, unit: 'seconds', what: 'the time after its last request for which a download of an archive may go on' },
  'archive-plans': { value: 200_000_000, unit: 'bytes', what: 'the plans of these archives on the disk, a kilobyte for four pictures; over it, the oldest are forgotten' },
  'archives-per-address': { value: 1_000, unit: 'count', what: 'archives that are begun in an hour from one address' },
  'archives-per-visitor': { value: 200, unit: 'count', what: 'the same by one visitor' },
} as const satisfies Record<string, Bound>

export type BoundName = keyof typeof TABLE
export type Bounds = { readonly [Name in BoundName]: number }

export const BOUNDS: Readonly<Record<BoundName, Bound>> = TABLE

/** Returns all bounds: those that the operator has set, and the defaults of the others. */
export function boundsWith(settings: Partial<Bounds> = {}): Bounds {
  const defaults = Object.entries(BOUNDS).map(([name, { value }]) => [name, value])
  return { ...(Object.fromEntries(defaults) as unknown as Bounds), ...settings }
}

/** Parses `<name>=<number>`. Returns null if it names no bound, or no whole number above zero. */
export function parseBound(text: string): Partial<Bounds> | null {
  const [, name = '', number] = /^([a-z-]+)=(\d{1,15})$/.exec(text.trim()) ?? []
  const value = Number(number)
  return Object.hasOwn(BOUNDS, name) && value > 0 ? { [name]: value } : null
}
