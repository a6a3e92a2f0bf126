import { WireError } from '@wirephoto/board'
import { DatabaseError } from 'pg'
import { EngineError } from '../errors.ts'

/**
 * Translates the failure of a query to `away`, `busy` or `disk-full`. Returns an unexpected error
 * unchanged. PostgreSQL's appendix A lists the SQLSTATE codes.
 */
export function toWireError(error: unknown): unknown {
  if (error instanceof WireError) return error
  // An error that the server didn't send is a connection that broke or timed out.
  if (!(error instanceof DatabaseError)) return new WireError('away', {}, { cause: error })
  const code = error.code ?? ''
  if (code === DISK_FULL) return new WireError('disk-full', {}, { cause: error })
  if (AWAY.test(code)) return new WireError('away', {}, { cause: error })
  if (OVERLOADED.test(code)) return new WireError('busy', {}, { cause: error })
  if (UNREADABLE.test(code)) return new UnreadableError(error)
  return error
}

/**
 * The SQLSTATEs of a database that is away:
 * - 08: the connection broke
 * - 25006: the server is read-only, as a standby is
 * - 57P: the server is starting or stopping
 */
const AWAY = /^(08|57P|25006)/
/**
 * The SQLSTATEs of a database that has too much to do:
 * - 40: a conflict or deadlock rolled the transaction back
 * - 53: too little memory, or too few connections
 * - 55P03, 57014: a lock or a statement timed out
 */
const OVERLOADED = /^(40|53|55P03|57014)/
const DISK_FULL = '53100'
/**
 * The SQLSTATEs of stored data that can't be read:
 * - XX001, XX002: a page or an index is damaged
 * - 58: the system failed to read it, or its file is gone
 */
const UNREADABLE = /^(XX00[12]|58)/

/** A page that can't be read. It has the code that a file on a bad sector has. */
class UnreadableError extends Error {
  readonly code = 'EIO'
  constructor(cause: Error) {
    super(`PostgreSQL can't read what it has stored: ${cause.message}`, { cause })
  }
}

/** Translates the failure to open a database to an EngineError. Returns an unexpected error unchanged. */
export function toEngineError(error: unknown, location: DatabaseLocation): unknown {
  if (error instanceof EngineError) return error
  const { database, host, user } = location
  const { code = '', message } = error as { code?: string; message: string }
  const refuse = (kind: EngineError['code'], sentence: string) =>
    new EngineError(kind, sentence, { cause: error })
  if (code.startsWith('28') || message.startsWith('SASL'))
    return refuse(
      'not-allowed',
      `PostgreSQL at ${host} doesn't let the user ${user} in. Check the name and the password.`,
    )
  if (code === '3D000')
    return refuse(
      'unreachable',
      `PostgreSQL at ${host} has no database ${database}. Create it, or name another.`,
    )
  if (code === '42501')
    return refuse(
      'not-allowed',
      `The user ${user} may not create and use tables in ${database} at ${host}. Make it the owner of that database.`,
    )
  if (code === '42P07')
    return refuse(
      'unusable',
      `The database ${database} at ${host} has other tables of the same names. Give Wirephoto one of its own.`,
    )
  if (error instanceof DatabaseError && !/^(08|53|57P)/.test(code)) return error
  return refuse(
    'unreachable',
    `There is no PostgreSQL to be had at ${host} (${reason(code, message)}). Start it, or check the URL.`,
  )
}

/** Where a database is, for messages to the operator. */
export interface DatabaseLocation {
  /** Host and port: `localhost:5432`. */
  readonly host: string
  readonly database: string
  readonly user: string
}

const reason = (code: string, message: string): string =>
  /^E[A-Z]/.test(code) || !message ? code : message.replace(/\.$/, '')
