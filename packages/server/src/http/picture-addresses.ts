import { boardOf } from '@wirephoto/board'
import type { FastifyRequest } from 'fastify'
import type { Guard } from './guard.ts'

/** The addresses of a picture, whole: of its record, and of its file as it is shown. */
export interface PictureAddresses {
  readonly url: string
  readonly fileUrl: string
}

/** Returns the addresses of a picture on a board, or of one that waits beside it. */
export function addressesOf(
  { guard }: { readonly guard: Pick<Guard, 'urlFor'> },
  { raw }: FastifyRequest,
  board: string,
  id: string,
): PictureAddresses {
  return picturesAt(guard.urlFor(raw), boardOf(board), id)
}

/** Returns the same by a server's URL. */
export function picturesAt(server: string, board: string, id: string): PictureAddresses {
  const url = `${server}/api/boards/${board}/images/${id}`
  return { url, fileUrl: `${url}/file` }
}
