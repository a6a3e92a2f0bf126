import * as z from 'zod/mini'
import { cursor, type Infer, uuid } from './fields.ts'
import { limits } from './limits.ts'

/* The requests for archives of a board's pictures. */

/** The name that a page gives a download: random letters, so that it meets no other. */
const DOWNLOAD_ID = /^[\w-]{8,64}$/

/** The pictures alone, or a folder that shows the board without a server. */
const form = z.enum(['pictures', 'folder'])

/** The body of `POST /api/boards/<board>/archives`: which pictures, and in which form. Default: all, alone. */
export const NewArchive = z.strictObject({
  ids: z.optional(z.array(uuid).check(z.minLength(1), z.maxLength(limits.recordsPerBoard))),
  form: z.optional(form),
})

/**
 * The parameters of `GET /api/boards/<board>/archive.zip`. An archive's address has `at`, the board's cursor, and for
 * chosen pictures `selection`, their digest. Without `at` it leads to the archive of the board as it is now. Then `ids`
 * may name the pictures, with commas between them.
 */
export const ArchiveQuery = z.strictObject({
  at: z.optional(cursor),
  selection: z.optional(z.string().check(z.regex(/^[\w-]{22}$/))),
  ids: z.optional(z.string()),
  form: z.optional(form),
  /** Names the download, so that one's pages are told how far it is. */
  download: z.optional(z.string().check(z.regex(DOWNLOAD_ID))),
})

/** The answer to `POST /api/boards/<board>/archives`. */
export interface ArchiveAnswer {
  /** The archive's address, from the server's own on. */
  readonly path: string
  readonly bytes: number
  readonly pictures: number
  /** The chosen pictures that the archive hasn't, and those that can't be read. */
  readonly absent: readonly {
    readonly id: string
    readonly name: string
    readonly why: 'gone' | 'arriving' | 'damaged'
  }[]
}

export interface NewArchive extends Infer<typeof NewArchive> {}
