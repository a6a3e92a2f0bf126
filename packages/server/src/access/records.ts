import { createHash, randomBytes } from 'node:crypto'
import type { Role } from '@wirephoto/board'
import type { Quota } from '../boards/sender.ts'
import type { Device } from './device.ts'

/* The rights on boards as the engine keeps them: the data of its secrets, and the hashes that they stand under. */

/** The rule of a board that opens by links. */
export interface AccessRule {
  readonly type: 'rule'
  /** The passphrase as scrypt has made it; null for none. */
  readonly passphrase: string | null
  /** Milliseconds since 1970; null for never. */
  readonly closesAt: number | null
  /** The id of the link that walls invite by; null for none. */
  readonly wallLink: string | null
  /** The hash of a secret that is replaced whenever the rights on the board may be others than before. */
  readonly stamp: string
}

/** A link as the engine keeps it. */
export interface LinkRecord {
  readonly type: 'link'
  readonly id: string
  readonly role: Role
  readonly label: string
  /** Milliseconds since 1970. */
  readonly madeAt: number
  /** The site whose pages the link serves; null for any. */
  readonly origin: string | null
  /** The pictures that it may have on the board, and their bytes. Default: the server's bounds. */
  readonly pictures?: number
  readonly bytes?: number
}

/** The right of one visitor on one board. */
export interface GrantRecord {
  readonly type: 'grant'
  /** The hash of the link that it came by; null if its holder made the board. */
  readonly link: string | null
  /** The role of a grant without a link. */
  readonly role?: Role
  /** The mark of the passphrase that its holder gave. */
  readonly passphrase?: string
  /** Where an owner's right was given. */
  readonly device?: Device
}

/** The secret that a board's rule names as its stamp. */
interface StampRecord {
  readonly type: 'stamp'
}

/** A code that walls have shown. */
interface CodeRecord {
  readonly type: 'code'
  /** The hash of the link that it gives the right of. */
  readonly link: string
}

/** Somebody who has signed in. */
export interface SignedInAs {
  readonly issuer: string
  /** The subject: the provider's own name for the person. */
  readonly sub: string
  /** The address that the provider has verified; null for none. */
  readonly email: string | null
}

/** A session that owns the server. */
export interface OwnerSessionRecord {
  readonly type: 'owner-session'
  /** When it began, in milliseconds since 1970. */
  readonly since: number
  readonly device: Device
  /** Who signed in; left out of one that came by an owner code. */
  readonly person?: SignedInAs
}

/** An owner code that every server of an engine takes. */
interface OwnerCodeRecord {
  readonly type: 'owner-code'
  /** The folder that it was made in. */
  readonly place: string
}

/** An address that is told of a board's pictures. */
export interface WebhookRecord {
  readonly type: 'webhook'
  readonly id: string
  readonly url: string
  /** Milliseconds since 1970. */
  readonly madeAt: number
  /** Signs what is sent there. */
  readonly key: string
}

/** A server of the engine, with its last sign of life. */
export interface ServerRecord {
  readonly type: 'server'
  readonly id: string
  /** Where other servers reach it. */
  readonly url: string
  /** Another number each time. */
  readonly beat: number
}

/** The key by which the servers of an engine know each other. */
interface NodeKeyRecord {
  readonly type: 'node-key'
  readonly key: string
}

/** The data of a `Secret`. */
type SecretData =
  | AccessRule
  | LinkRecord
  | GrantRecord
  | OwnerSessionRecord
  | StampRecord
  | CodeRecord
  | OwnerCodeRecord
  | WebhookRecord
  | ServerRecord
  | NodeKeyRecord
type DataOf<T extends SecretData['type']> = Extract<SecretData, { type: T }>

/** Returns a secret's data if they are of the type, else null. */
export function dataOf<T extends SecretData['type']>(type: T, json: string): DataOf<T> | null {
  const data = JSON.parse(json) as SecretData
  return data.type === type ? (data as DataOf<T>) : null
}

/** Whether a secret is of the servers that share an engine, and of no board. */
export const isOfServers = (json: string): boolean =>
  dataOf('server', json) !== null || dataOf('node-key', json) !== null

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The hashes that secrets stand under. No board's id and no token has a NUL, so no two of them are the same. */
export const hashOf = {
  rule: (board: string): string => sha256(`rule\0${board}`),
  link: (secret: string): string => sha256(secret),
  grant: (token: string, board: string): string => sha256(`${token}\0${board}`),
  serverOwner: (token: string): string => sha256(`${token}\0`),
  code: (code: string): string => sha256(`code\0${code}`),
  webhook: (board: string, id: string): string => sha256(`webhook\0${board}\0${id}`),
} as const

/** Returns a short name for what stands under a hash. */
export const idOf = (hash: string): string => hash.slice(0, 16)

/** Makes a link's secret: 128 random bits, which no header and no address needs to escape. */
export const newSecret = (): string => randomBytes(16).toString('base64url')

/** A role, and what it rests on. */
export interface Right {
  readonly role: Role
  /** The hashes of the secrets that it rests on: it ends with any of them. */
  readonly grant: readonly string[]
  /** When the board closes to its holder, in milliseconds since 1970. */
  readonly endsAt?: number
  /** The hash of the secret that ends it when it is made: the rule of a board that opens by its address. */
  readonly openUntil?: string
  /** Counts the pictures that come by it; undefined where only the board does. */
  readonly quota?: Quota
}
