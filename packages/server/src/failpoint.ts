/** Places where a crash test may kill the server, in the order in which a picture passes them. */
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

const [name, nth = '1'] = (process.env['WIREPHOTO_FAILPOINT'] ?? '').split(':')
let left = Number(nth)

/** Kills the process at the nth call for the place that `WIREPHOTO_FAILPOINT=<name>[:<nth>]` names. */
export function failpoint(place: (typeof FAILPOINTS | typeof COLLECTOR_FAILPOINTS)[number]): void {
  if (place === name && --left === 0) process.kill(process.pid, 'SIGKILL')
}
