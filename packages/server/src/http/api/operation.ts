import type * as z from 'zod/mini'

/** The headings under which the document has its operations. */
export const TAGS = {
  Boards: 'Boards, their titles and what is on them.',
  Pictures: 'Adding, reading, changing and removing pictures.',
  'Live slots': 'Tiles whose picture a script replaces as often as it likes.',
  Files: 'The files of pictures, as they are shown and as they were sent.',
  Uploads: 'Files in parts, which go on after a break: the tus protocol, version 1.0.0.',
  Changes: 'Following a board by requests, where no websocket passes.',
  Links: 'Links, and who may do what by them.',
  Moderation: 'Pictures that wait until an owner lets them in.',
  Server: "The server's owner, its state and this document.",
  Pages: 'What a browser opens.',
  Tutorials: "The addresses of the tutorials' own pages, with --classic.",
} as const
type Tag = keyof typeof TAGS

/** A body that isn't JSON, by its media type; a schema for JSON; null for none. */
type Body = z.ZodMiniType | MediaRange | null
export type MediaRange = `${string}/${string}`

/** One method of one address. */
export interface Operation {
  readonly tag: Tag
  /** One sentence that says what it does. */
  readonly summary: string
  /** Further sentences. */
  readonly about?: string
  /** The parameters of the address behind its `?`. Default: none. */
  readonly query?: z.ZodMiniObject
  /** Parameters that a link may have which anybody makes: they are let be. */
  readonly isOpenedByLinks?: boolean
  /** Request headers that it heeds, by name. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: {
    /** A schema of JSON, or media types. The first is the usual one. */
    readonly content: readonly NonNullable<Body>[]
    readonly isOptional?: boolean
  }
  /** The answers, by status. Every operation may answer an error too. */
  readonly answers: Readonly<Record<number, Body>>
  /** Whether its errors have another shape. */
  readonly hasOwnErrors?: boolean
}

/** Operations by method and address, as the framework writes them. */
export type Operations = Readonly<Record<string, Operation>>
