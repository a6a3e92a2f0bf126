import { formatBytes } from './error-messages.ts'
import { WireError } from './errors.ts'

/** The unit that a quota counts in. */
export type QuotaUnit = 'pictures' | 'bytes'

/** A quota that has no room, as its error tells it. */
export interface QuotaFacts {
  readonly unit: QuotaUnit
  readonly limit: number
}

/** How somebody adds who adds too fast. */
interface Pace {
  readonly isByLink: boolean
  /** Whether the sender is one that tries again by itself. */
  readonly goesOn: boolean
  readonly retryAfterS: number
}

/** Returns the error of somebody who adds faster than they may, by a link or without one. */
export function tooFast(
  { unit, limit }: QuotaFacts,
  { isByLink, goesOn, retryAfterS }: Pace,
): WireError {
  const who = isByLink ? 'This link may add' : 'Without a link you may add'
  const then = goesOn ? 'Yours go on' : 'Send this again'
  const because = `${who} ${amount(unit, limit)} a minute. ${then} in ${seconds(retryAfterS)}.`
  return new WireError('too-fast', { because, limit, retryAfterS })
}

/** Returns the error of a link, or of all who come without one, with as much on a board as they may have. */
export function linkFull({ unit, limit }: QuotaFacts, isByLink: boolean): WireError {
  const because = isByLink
    ? `This link has added the ${amount(unit, limit)} that it may. Ask who gave it to you for more.`
    : `Those without a link have added the ${amount(unit, limit)} that they may. Ask who runs this board for a link.`
  return new WireError('link-full', { because, limit })
}

/** Returns the error of a board with as many pictures, or as many bytes of them, as it may have. */
export function picturesFull({ unit, limit }: QuotaFacts): WireError {
  const because = `This board has the ${amount(unit, limit)} that it may. Ask who runs it to delete some for good, or start a new one.`
  return new WireError('pictures-full', { because, limit })
}

const amount = (unit: QuotaUnit, limit: number): string => {
  if (unit === 'bytes') return `${formatBytes(limit)} of pictures`
  return limit === 1 ? '1 picture' : `${limit.toLocaleString('en')} pictures`
}

const seconds = (count: number): string => (count === 1 ? '1 second' : `${count} seconds`)
