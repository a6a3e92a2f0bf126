import type { FastifyRequest } from 'fastify'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import type { Guard } from './guard.ts'

/** Returns the whole address of a board's page, by the name that the one who asks has reached this server by. */
export const boardAddressOf = (
  { guard }: { readonly guard: Pick<Guard, 'urlFor'> },
  { raw }: FastifyRequest,
  board: string,
): string => boardAddressAt(guard.urlFor(raw), board)

/** Returns the same by a server's URL. */
export const boardAddressAt = (server: string, board: string): string =>
  `${server}/${board === DEFAULT_BOARD_ID ? '' : `b/${board}`}`
