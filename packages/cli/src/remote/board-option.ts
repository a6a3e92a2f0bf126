import { boardAddressOf, isBoardId, SECRET } from '@wirephoto/board'
import { Option } from 'commander'
import { OperatorError } from '../operator-error.ts'

/** A board of a server that runs somewhere. */
export interface RemoteBoard {
  /** Where the server is reached, without a slash at the end. */
  readonly url: string
  readonly id: string
  /** The secret of a link, if there is one. */
  readonly token: string | undefined
  /** The headers that say who asks. */
  readonly headers: Readonly<Record<string, string>>
}

const EXAMPLE = 'http://localhost:8000, or https://host/b/kitchen'

const FRONT_BOARD = remoteBoard('http://localhost:8000', 'main', undefined)

/** Makes the option that names a board by its address. */
export const boardOption = (): Option =>
  new Option('--url <address>', "the board's address or link; without a path, the front board")
    .env('WIREPHOTO_URL')
    .default(FRONT_BOARD, FRONT_BOARD.url)
    .argParser(parseBoardAddress)

/** Text for the help of each command that asks a server. */
export const ABOUT_TOKEN = `
The secret of a link comes from WIREPHOTO_TOKEN, or from behind # in WIREPHOTO_URL.
In an argument, others on this computer could read it.`

/** Parses the address of a board, or a link. The secret of WIREPHOTO_TOKEN goes before that of the link. */
export function parseBoardAddress(text: string): RemoteBoard {
  const address = URL.parse(/^[\w.-]+:\d+/.test(text) ? `http://${text}` : text)
  if (!address || !/^https?:$/.test(address.protocol))
    throw new OperatorError(
      `${JSON.stringify(text)} is no address; give --url (WIREPHOTO_URL) one as ${EXAMPLE}.`,
    )
  const { url, board, secret } = boardAddressOf(address)
  if (!isBoardId(board) || url.includes('/b/'))
    throw new OperatorError(
      `${JSON.stringify(address.origin + address.pathname)} is no board; give --url (WIREPHOTO_URL) one as ${EXAMPLE}.`,
    )
  return remoteBoard(url, board, secret)
}

/** Returns a board. Its token is read when it is asked for, so that other commands don't fail by it. */
function remoteBoard(url: string, id: string, secret: string | undefined): RemoteBoard {
  return {
    url,
    id,
    get token() {
      return tokenIn(process.env['WIREPHOTO_TOKEN']) ?? secret
    },
    get headers(): Record<string, string> {
      const { token } = this
      return token === undefined ? {} : { authorization: `Bearer ${token}` }
    },
  }
}

/** Returns the secret of a link, or takes it from the link. */
function tokenIn(text: string | undefined): string | undefined {
  if (!text) return undefined
  const secret = text.trim().split('#').at(-1)!
  if (SECRET.test(secret)) return secret
  throw new OperatorError('WIREPHOTO_TOKEN has what stands after # in a link, or the whole link.')
}

/** Returns the address of a board's page, as people open it. */
export const pageOf = ({ url, id }: RemoteBoard): string => `${url}/b/${id}`

/** Returns the token as the SDK takes it. */
export const tokenOf = ({ token }: RemoteBoard): { readonly token?: string } =>
  token === undefined ? {} : { token }
