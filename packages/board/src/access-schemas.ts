import * as z from 'zod/mini'
import { address, type Infer, role } from './fields.ts'
import { serverLimits } from './limits.ts'

/* The bodies of the requests about who may do what on a board. Their answers are types of TypeScript alone. */

const label = z.string().check(z.maxLength(serverLimits.linkLabelLength))

/** A link's secret: at least 128 random bits in base64url. */
export const SECRET = /^[\w-]{22,128}$/

/** The body of `POST /api/boards/<board>/session`: a link's secret, and the board's passphrase if it has one. */
export const SessionRequest = z.strictObject({
  secret: z.string().check(z.regex(SECRET)),
  passphrase: z.optional(z.string().check(z.maxLength(serverLimits.passphraseLength))),
})

/** The body of `POST /api/join`: a code that a wall shows, as somebody types it. */
export const JoinRequest = z.strictObject({
  code: z.string().check(z.maxLength(serverLimits.joinCodeLength)),
  passphrase: z.optional(z.string().check(z.maxLength(serverLimits.passphraseLength))),
})

/**
 * The body of `PATCH /api/boards/<board>/access`. Null takes the passphrase, the closing time (milliseconds since
 * 1970) or the link of the walls (its id) away.
 */
export const AccessPatch = z.strictObject({
  passphrase: z.optional(
    z.nullable(z.string().check(z.minLength(1), z.maxLength(serverLimits.passphraseLength))),
  ),
  closesAt: z.optional(z.nullable(z.int().check(z.gte(0)))),
  wallLink: z.optional(z.nullable(z.string().check(z.maxLength(serverLimits.linkLabelLength)))),
})

/** A site, as browsers name it: `https://site.example`, without a slash at the end. */
const origin = z
  .string()
  .check(
    z.maxLength(serverLimits.originLength),
    z.regex(/^https?:\/\/(?:[a-z\d.-]+|\[[\da-f:]+\])(?::\d{1,5})?$/),
  )

/** The body of `POST /api/boards/<board>/links`. A link for the pages of one other site lets look or add. */
export const NewLink = z
  .strictObject({ role, label: z.optional(label), origin: z.optional(origin) })
  .check(z.refine((link) => !link.origin || link.role === 'view' || link.role === 'add'))
export interface NewLink extends Infer<typeof NewLink> {}

/** The body of `PATCH /api/boards/<board>/links/<id>`. */
export const LinkPatch = z.strictObject({
  role: z.optional(role),
  label: z.optional(label),
  /** The pictures that the link may have on the board in all, and their bytes. Null for the server's own bounds. */
  pictures: z.optional(z.nullable(z.int().check(z.gte(0)))),
  bytes: z.optional(z.nullable(z.int().check(z.gte(0)))),
})
export interface LinkPatch extends Infer<typeof LinkPatch> {}

/** The body of `POST /api/boards/<board>/webhooks`: the address that is told of its pictures. */
export const NewWebhook = z.strictObject({ url: address })

/** The body of `POST /api/owner`: the owner code, as somebody typed it. */
export const OwnerRequest = z.strictObject({ code: z.string().check(z.maxLength(64)) })

/** The parameters of `GET /api/owner/sign-in`: the board whose page it leads back to. */
export const SignInQuery = z.strictObject({
  board: z.optional(z.string().check(z.regex(/^[\w-]{1,64}$/))),
})

/** The parameters of `GET /api/boards`: where the last part of the list has ended. */
export const BoardListQuery = z.strictObject({
  after: z.optional(z.string().check(z.regex(/^\d{1,15}\.[\w-]{1,64}$/))),
})
