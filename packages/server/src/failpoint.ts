/** Places where a crash test may kill or pause the server, in the order in which a picture passes them. */
export const FAILPOINTS = [
  'incoming-file.created',
  'incoming-file.synced',
  'picture.validated',
  'picture.put',
  'board.append',
  'board.appended',
  'picture.settled',
  'variants.put',
] as const

/** Places where a crash test may kill the server while it collects garbage. */
export const COLLECTOR_FAILPOINTS = ['ended-blob.removed', 'blob.set-aside'] as const

/** Places where a crash test may kill the server while somebody decides about a picture that waits. */
export const MODERATION_FAILPOINTS = ['held.admitted'] as const

type Place =
  | (typeof FAILPOINTS)[number]
  | (typeof COLLECTOR_FAILPOINTS)[number]
  | (typeof MODERATION_FAILPOINTS)[number]

const [name, nth = '1', signal = 'KILL'] = (process.env['WIREPHOTO_FAILPOINT'] ?? '').split(':')
let left = Number(nth)

/** Kills the process at the nth call for the place that `WIREPHOTO_FAILPOINT=<name>[:<nth>[:STOP]]` names, or pauses it. */
export function failpoint(place: Place): void {
  if (place === name && --left === 0) process.kill(process.pid, `SIG${signal}`)
}
