import { WireError } from '@wirephoto/board'
import { DatabaseError } from 'pg'
import { EngineError } from '../errors.ts'

/** What is told of a failed query: the SQLSTATEs are those of PostgreSQL's appendix A. */
export function toWireError(error: unknown): unknown {
  if (error instanceof WireError) return error
  // Whatever isn't the server's own word is a line that broke or stayed silent.
  if (!(error instanceof DatabaseError)) return new WireError('busy', {}, { cause: error })
  const code = error.code ?? ''
  if (code === DISK_FULL) return new WireError('disk-full', {}, { cause: error })
  if (TRANSIENT.test(code)) return new WireError('busy', {}, { cause: error })
  return error
}

/**
 * Lines that break (08), clashes (40), a lack of memory or connections (53), a lock or a time that
 * ran out (55P03, 57014), a server that stops or starts (57P), one that may only be read (25006).
 */
const TRANSIENT = /^(08|40|53|55P03|57014|57P|25006)/
const DISK_FULL = '53100'

/** Why the database can't be had, in a sentence for the operator. `place` is its host and name. */
export function toEngineError(error: unknown, place: DatabaseLocation): unknown {
  if (error instanceof EngineError) return error
  const { database, host, user } = place
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

export interface DatabaseLocation {
  /** With its port. */
  readonly host: string
  readonly database: string
  readonly user: string
}

const reason = (code: string, message: string): string =>
  /^E[A-Z]/.test(code) || !message ? code : message.replace(/\.$/, '')
