/** The form of a board's id. Names from outside reach no path and no query unchecked (F9). */
const BOARD_ID = /^[\w-]{1,64}$/
export const isBoardId = (text: string): boolean => BOARD_ID.test(text)

/** The end of the id of a held log. No board's id has its first letter, so nobody can make a board of that name. */
const HELD_LOG_END = '~held'

/** Returns the id of the log in which pictures of a board wait for a moderator. */
export const heldLogOf = (board: string): string => board + HELD_LOG_END

export const isHeldLog = (id: string): boolean =>
  id.endsWith(HELD_LOG_END) && isBoardId(id.slice(0, -HELD_LOG_END.length))

/** Returns the board that a held log stands beside, and for a board itself. */
export const boardOf = (id: string): string =>
  isHeldLog(id) ? id.slice(0, -HELD_LOG_END.length) : id

/**
 * Makes a UUIDv7 (RFC 9562 section 5.7): 48 bits of time, then 74 random bits. `now` is milliseconds since
 * 1970; `random` holds at least ten random bytes.
 */
export function uuidv7(now: number, random: Uint8Array): string {
  const bytes = new Uint8Array(16)
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(now / 2 ** (40 - 8 * i)) % 256
  bytes.set(random.subarray(0, 10), 6)
  bytes[6] = (bytes[6]! & 0x0f) | 0x70
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** Returns when a UUIDv7 was made, in milliseconds since 1970. */
export const timeOf = (uuid: string): number =>
  Number.parseInt(uuid.replace('-', '').slice(0, 12), 16)
