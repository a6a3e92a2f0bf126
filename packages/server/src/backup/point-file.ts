import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { RECORD_VERSION } from '@wirephoto/board/record-migrations'
import { EngineError } from '@wirephoto/engine'
import type { BoardPoint } from './board-point.ts'
import { type BoardLine, boardsIn, linesOf } from './point-lines.ts'

/* The file of one backup: lines of JSON, compressed. The last one has the sha256 of all before it. */

/** The version of the lines. */
const FORMAT_VERSION = 1

/** The first line. */
interface Beginning {
  readonly format: number
  /** The newest version of the records. */
  readonly recordVersion: number
  /** Milliseconds since 1970. */
  readonly at: number
}

/** The sums of a backup. */
export interface PointSums {
  readonly boards: number
  readonly files: number
  readonly bytes: number
}

interface Ending extends PointSums {
  readonly end: true
  readonly sha256: string
}

/** A backup that was read to its end and is whole. */
export interface WholePoint extends PointSums {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Names its content. */
  readonly sha256: string
}

/** Writes the file of a backup, board by board. It is whole once it has ended. */
export class PointWriter {
  readonly #hash = createHash('sha256')
  readonly #lines = new PassThrough()
  readonly #written: Promise<void>

  constructor(path: string, at: number) {
    this.#written = pipeline(this.#lines, createGzip(), createWriteStream(path))
    this.#written.catch(() => {
      // `end` tells.
    })
    const beginning: Beginning = { format: FORMAT_VERSION, recordVersion: RECORD_VERSION, at }
    this.#write(`${JSON.stringify(beginning)}\n`)
  }

  async add(point: BoardPoint): Promise<void> {
    for await (const line of linesOf(point))
      if (!this.#write(line))
        await Promise.race([new Promise((done) => this.#lines.once('drain', done)), this.#written])
  }

  async end(sums: PointSums): Promise<void> {
    const ending: Ending = { end: true, ...sums, sha256: this.#hash.digest('hex') }
    this.#lines.end(`${JSON.stringify(ending)}\n`)
    await this.#written
  }

  /** Gives the file up. */
  break(): void {
    this.#lines.destroy()
  }

  #write(line: string): boolean {
    this.#hash.update(line)
    return this.#lines.write(line)
  }
}

/**
 * Reads the file of a backup to its end.
 *
 * @throws EngineError if it isn't whole, or from a newer build.
 */
export async function readWhole(file: Readable): Promise<WholePoint> {
  const hash = createHash('sha256')
  let beginning: Beginning | undefined
  let ending: Ending | undefined
  try {
    for await (const line of createInterface({ input: unzipped(file) })) {
      if (!beginning) {
        beginning = JSON.parse(line) as Beginning
        if (isNewer(beginning)) break
      }
      if (line.startsWith('{"end":')) ending = JSON.parse(line) as Ending
      else hash.update(`${line}\n`)
    }
  } catch (cause) {
    throw damaged(cause)
  }
  if (beginning && isNewer(beginning))
    throw new EngineError(
      'too-new',
      'The backup is from a newer Wirephoto. Restore it with that one.',
    )
  if (!beginning || !ending || ending.sha256 !== hash.digest('hex')) throw damaged()
  const { end: _, ...sums } = ending
  return { at: beginning.at, ...sums }
}

const isNewer = ({ format, recordVersion }: Beginning): boolean =>
  format > FORMAT_VERSION || recordVersion > RECORD_VERSION

/** Reads the boards of a backup that is whole. */
export const boardsOf = (file: Readable): AsyncGenerator<BoardPoint> => boardsIn(boardLines(file))

async function* boardLines(file: Readable): AsyncGenerator<BoardLine> {
  for await (const line of createInterface({ input: unzipped(file) }))
    if (!line.startsWith('{"end":') && !line.startsWith('{"format":'))
      yield JSON.parse(line) as BoardLine
}

/** Unzips a file. A failure on the way reaches its reader. */
function unzipped(file: Readable): Readable {
  const unzip = createGunzip()
  file.once('error', (error) => unzip.destroy(error))
  return file.pipe(unzip)
}

const damaged = (cause?: unknown): EngineError =>
  new EngineError('damaged', 'The backup is cut off or damaged. Name another one with --point.', {
    cause,
  })
