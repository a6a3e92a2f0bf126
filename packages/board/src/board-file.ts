import * as z from 'zod/mini'
import { boardWidth, caption, coordinate, type Infer, personName } from './fields.ts'
import { limits } from './limits.ts'

/** The name of the file that says where the pictures of a folder stand. */
export const BOARD_FILE = 'board.json'
/** The version of that file. One of a newer version isn't read. */
export const BOARD_FILE_VERSION = 1

/** A path in the folder, with `/` between its parts. */
const path = z.string().check(z.minLength(1), z.maxLength(1_024))

/** A picture of a saved board. Further facts may stand beside these. */
const SavedPicture = z.object({
  /** The picture's file. */
  file: path,
  /** The picture that browsers show, where they don't show the file. */
  preview: z.optional(path),
  /** The file that it was drawn from, where there is one. */
  original: z.optional(path),
  name: z.string(),
  caption,
  by: personName,
  /** Board units. */
  x: coordinate,
  y: coordinate,
  w: boardWidth,
})
export interface SavedPicture extends Infer<typeof SavedPicture> {}

/** `board.json` of a folder that a board was saved as: its pictures from the bottom of the stack up. */
export const SavedBoard = z.object({
  format: z.literal('wirephoto-board'),
  version: z.literal(BOARD_FILE_VERSION),
  title: z.string().check(z.maxLength(limits.titleLength)),
  pictures: z.array(SavedPicture).check(z.maxLength(limits.recordsPerBoard)),
})
export interface SavedBoard extends Infer<typeof SavedBoard> {}
