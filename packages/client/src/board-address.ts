const FRONT_BOARD_ID = 'main'
/** The secret of a link, as it stands after the `#`. */
const SECRET = /^#([\w-]{22,128})$/
/** The path of a board's page, of its guests' page or of its wall, behind the path of the server. */
const BOARD_PATH = /^(.*)\/b\/([^/]+)(?:\/(?:(?:add|show)\/?)?)?$/

/**
 * Reads the address of a board's page, such as `https://host/photos/b/kitchen#secret`. Any other address is that of the
 * server itself, and its front board. On a page it may be relative.
 */
export function boardAddressOf(address: string | URL): {
  readonly url: string
  readonly board: string
  /** That of the link that the address is. */
  readonly secret: string | undefined
} {
  const { origin, pathname, hash } = new URL(address, globalThis.document?.baseURI)
  const [, path = pathname, board = FRONT_BOARD_ID] = BOARD_PATH.exec(pathname) ?? []
  return { url: origin + path.replace(/\/$/, ''), board, secret: SECRET.exec(hash)?.[1] }
}
