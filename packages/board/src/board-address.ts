const FRONT_BOARD_ID = 'main'
/** The secret of a link, as it stands after the `#`. */
const SECRET = /^#([\w-]{22,128})$/
/** The path of a board's page, of its guests' page or of its wall, behind the path of the server. */
const BOARD_PATH = /^(.*)\/b\/([^/]+)(?:\/(?:(?:add|show)\/?)?)?$/

/** A URL in its parts, as `URL` has them. */
interface ParsedUrl {
  readonly origin: string
  readonly pathname: string
  readonly hash: string
}

/**
 * Reads the address of a board's page, such as `https://host/photos/b/kitchen#secret`. Any other address is that of the
 * server itself, and its front board.
 */
export function boardAddressOf({ origin, pathname, hash }: ParsedUrl): {
  readonly url: string
  readonly board: string
  /** That of the link that the address is. */
  readonly secret: string | undefined
} {
  const [, path = pathname, board = FRONT_BOARD_ID] = BOARD_PATH.exec(pathname) ?? []
  return { url: origin + path.replace(/\/$/, ''), board, secret: SECRET.exec(hash)?.[1] }
}
