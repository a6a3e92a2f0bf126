import { WireError } from '@wirephoto/board'
import { EngineError, systemErrorCode } from '@wirephoto/engine'
import type { BlobProblem, CopyProgress } from '@wirephoto/server/backup'
import { endOnClosedPipe } from '../closed-pipe.ts'
import { exitCodes } from '../exit-codes.ts'
import { OperatorError, operatorErrorOf } from '../operator-error.ts'

/** How often a terminal is told how far it is. */
const PROGRESS_INTERVAL_MS = 250

/** How the end of a server is seen by who reads from its socket. */
const WENT_AWAY = /^(?:ECONNRESET|ECONNREFUSED|EPIPE)$/

const FAULTS = {
  missing: 'its file is gone; send the picture again, since the same bytes heal it',
  rotten: 'its file is rotten or cut off; send the picture again, since the same bytes heal it',
} as const

/** Tells how far a backup, a restore or a copy is: a line on a terminal, lines of JSON, or only what is left. */
export class TransferReport {
  readonly #isJson: boolean
  #toldAt = 0

  constructor(isJson: boolean) {
    this.#isJson = isJson
    endOnClosedPipe()
  }

  advance({ files, copied, copiedBytes }: CopyProgress): void {
    if (!process.stderr.isTTY || performance.now() - this.#toldAt < PROGRESS_INTERVAL_MS) return
    this.#toldAt = performance.now()
    process.stderr.write(
      `\r\x1b[K${files} files, ${copied} of them copied, ${megabytes(copiedBytes)} MB`,
    )
  }

  /** Says that it waits, at once. */
  wait(): void {
    if (!process.stderr.isTTY) return
    this.#toldAt = performance.now()
    process.stderr.write('\r\x1b[KThe boards are away; it goes on when they are back within 30 s.')
  }

  /** Ends with what was done. The exit code tells whether pictures are missing in it. */
  end(
    { problems, ...sums }: { readonly problems: readonly BlobProblem[] } & object,
    sentence: string,
  ): void {
    this.#clear()
    for (const { kind, blob, picture } of problems) {
      const name = picture
        ? `${JSON.stringify(picture.name)} (${picture.board}/${picture.id})`
        : 'A past picture'
      if (this.#isJson) this.#writeJson({ kind, blob, picture })
      else process.stderr.write(`${name}: ${FAULTS[kind]}. ${blob}\n`)
    }
    if (this.#isJson) this.#writeJson({ ...sums, left: problems.length })
    else if (process.stderr.isTTY) process.stderr.write(`${sentence}\n`)
    process.exitCode = problems.length > 0 ? exitCodes.partly : exitCodes.done
  }

  /** Says why it broke off. */
  failureOf(error: unknown, signal: AbortSignal): Error {
    this.#clear()
    if (signal.aborted)
      return new OperatorError('Broken off. The same command goes on from there.', {
        exitCode: exitCodes.interrupted,
      })
    if (error instanceof OperatorError) return error
    if (error instanceof EngineError) return operatorErrorOf(error)
    const { syscall } = error as { readonly syscall?: string }
    if (syscall === 'connect' || WENT_AWAY.test(systemErrorCode(error) ?? ''))
      return new OperatorError('The server went away; run the same command again.', {
        exitCode: exitCodes.noAnswer,
      })
    const { message } = error as Error
    const code = error instanceof WireError ? ` (${error.code})` : ''
    return new OperatorError(`It broke off${code}: ${message}`, { cause: error })
  }

  #writeJson(value: object): void {
    process.stdout.write(`${JSON.stringify(value)}\n`)
  }

  #clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  }
}

/** Returns how much there is, for people. */
export const amount = (boards: number, files: number, bytes: number): string =>
  `${boards} ${boards === 1 ? 'board' : 'boards'}, ${files} ${files === 1 ? 'file' : 'files'}, ${megabytes(bytes)} MB`

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1)
