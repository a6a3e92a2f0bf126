import { WireError } from '@wirephoto/board'
import { isRethinkDBError, RethinkDBErrorType } from 'rethinkdb-ts'
import { EngineError } from '../errors.ts'
import { type Address, formatHost } from './address.ts'

/** Translates the failure of a query to `away`. Returns an unexpected error without the query's text. */
export function toWireError(error: unknown): unknown {
  if (error instanceof WireError || error instanceof EngineError) return error
  const cause = withoutQuery(error)
  return typeOf(error) !== null && !TRANSIENT.has(typeOf(error)!)
    ? cause
    : new WireError('away', {}, { cause })
}

/**
 * The errors that pass. A connection broke or timed out; a primary is away or has too few
 * acknowledgements (OP_FAILED); or a primary was lost meanwhile (OP_INDETERMINATE).
 */
const TRANSIENT: ReadonlySet<RethinkDBErrorType> = new Set([
  RethinkDBErrorType.CONNECTION,
  RethinkDBErrorType.TIMEOUT,
  RethinkDBErrorType.CANCEL,
  RethinkDBErrorType.OP_FAILED,
  RethinkDBErrorType.OP_INDETERMINATE,
])

/** Translates the failure to open a database to an EngineError. Cuts the query from any other error. */
export function toEngineError(error: unknown, address: Address): unknown {
  if (error instanceof EngineError) return error
  const { user, database, layout } = address
  const host = formatHost(address)
  const type = typeOf(error)
  const cause = withoutQuery(error)
  const refuse = (code: EngineError['code'], sentence: string) =>
    new EngineError(code, sentence, { cause })
  if (type === RethinkDBErrorType.AUTH)
    return refuse(
      'not-allowed',
      `RethinkDB at ${host} doesn't let the user ${user} in. Check the name and the password.`,
    )
  if (type === RethinkDBErrorType.PERMISSION_ERROR)
    return refuse(
      'not-allowed',
      `The user ${user} may not make and use tables in ${database} at ${host}. Grant it read, write and config.`,
    )
  if (/is ambiguous/.test(cause.message))
    return refuse(
      'unusable',
      `RethinkDB at ${host} has two of one name in ${database}. Drop the one without data.`,
    )
  if (cause.message.startsWith("Can't put"))
    return refuse(
      'unusable',
      `RethinkDB at ${host} has too few servers for replicas=${layout.replicas}. Give fewer.`,
    )
  if (type !== null && !TRANSIENT.has(type)) return cause
  return refuse(
    'unreachable',
    `There is no RethinkDB to be had at ${host} (${reason(cause)}). Start it, or check the URL.`,
  )
}

/** Returns the type of an error from RethinkDB or its driver. Null for any other error. */
const typeOf = (error: unknown): RethinkDBErrorType | null =>
  isRethinkDBError(error) ? error.type : null

/** Cuts the query from a driver's message, since it contains what people wrote. */
function withoutQuery(error: unknown): Error & { code?: string } {
  if (!(error instanceof Error)) return new Error(String(error))
  if (!isRethinkDBError(error)) return error
  const [message = ''] = error.message.split('\n')
  return new Error(message.replace(/ in:$/, '.'))
}

const reason = ({ code, message }: Error & { code?: string }): string =>
  code ?? message.replace(/\.$/, '')
