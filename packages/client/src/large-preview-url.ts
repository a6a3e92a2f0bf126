import { type BoardAddress, previewUrl } from './urls.ts'

/**
 * Returns the address of the large preview, which the server keeps of a picture whose file takes long. It has a file of
 * its own, since pages need it late.
 */
export const largePreviewUrl = (board: BoardAddress, id: string): string =>
  `${previewUrl(board, id)}/large`
