import { WireError } from '@wirephoto/board'
import {
  type Engine,
  EngineError,
  type Fault,
  makeFilesPrivate,
  openEngine,
} from '@wirephoto/engine'
import type { CheckProgress, Finding, FindingKind } from '@wirephoto/server/check'
import { Command, Option } from 'commander'
import { endOnClosedPipe } from '../closed-pipe.ts'
import { OperatorError, operatorErrorOf } from '../operator-error.ts'
import { checkPlace, isPlaceOfBackups } from './check-backups.ts'

/** How often a terminal is told how far the check is. */
const PROGRESS_INTERVAL_MS = 250

interface Options {
  readonly mend?: boolean
  readonly json?: boolean
}

/** Sentences for each kind of finding: the fault, then what to do. */
const SENTENCES: Record<FindingKind, string> = {
  missing: 'its file is gone; send the picture again, since the same bytes heal it',
  rotten: 'its file is rotten or cut off; send the picture again, since the same bytes heal it',
  'variant-missing': 'a smaller version is gone; check with --mend, or show it on a server',
  'variant-rotten': 'a smaller version is rotten; check with --mend, or show it on a server',
  unnamed: 'no picture names it; a server sets it aside, and removes it after seven days',
}
const MENDED = 'a smaller version was made again'
const UNMENDED = "a smaller version can't be made again; send the picture again"
const SUSPICIOUS =
  'So many files belong to no picture: was the database lost, or an older one put back? Then put the newest one in its place.'

/** Makes the command that reads every stored file and tells of those that aren't as they were stored. */
export function checkCommand(): Command {
  return new Command('check')
    .description('Read every stored file, and list those that are missing, rotten or unnamed.')
    .argument(
      '<engine>',
      'sqlite:<folder>, postgres://… or rethinkdb://…, as for serve; or a place of backups: a folder, or s3://bucket/folder?…',
    )
    .addOption(new Option('--mend', 'make lost and rotten smaller versions again; delete nothing'))
    .addOption(new Option('--json', 'print one JSON document'))
    .addHelpText(
      'after',
      '\nExit code: 0 if all is sound or mended, 1 if something is left, 2 if it can’t be checked.',
    )
    .action(check)
}

async function check(address: string, options: Options): Promise<void> {
  endOnClosedPipe()
  makeFilesPrivate()
  if (isPlaceOfBackups(address)) {
    if (options.mend)
      throw new OperatorError('Backups are mended by "wirephoto backup --verify", not by --mend.')
    return checkPlace(address, options.json ?? false)
  }
  const engine = await open(address)
  // Loaded late, so that --help and mistakes are answered at once.
  const { checkStored, hasManyUnnamed } = await import('@wirephoto/server/check')
  const mends = options.mend ?? false
  const report = options.json ? new JsonReport(mends) : new TextReport(mends)
  try {
    if ((await engine.boards.list()).length === 0)
      throw new OperatorError('This engine has no boards; name the one that the server uses.')
    report.begin()
    const progress = await checkStored(engine, {
      mends,
      onFinding: (finding) => report.tell(finding),
      onProgress: (soFar) => report.advance(soFar),
    })
    const faults = await engine.health()
    report.end(progress, faults, hasManyUnnamed(progress, report.counts.unnamed))
    process.exitCode = report.left + faults.length > 0 ? 1 : 0
  } catch (error) {
    const failure = failureOf(error)
    report.breakOff(failure.message)
    throw failure
  } finally {
    await engine.close()
  }
}

/** Says why a check broke off. Nothing that it throws may pass for a finding. */
function failureOf(error: unknown): OperatorError {
  if (error instanceof OperatorError) return error
  if (error instanceof EngineError) return operatorErrorOf(error)
  const { message } = error as Error
  const sentence =
    error instanceof WireError
      ? `The check broke off (${error.code}): ${message}`
      : `The check broke off: ${message}`
  return new OperatorError(sentence, { cause: error })
}

async function open(address: string): Promise<Engine> {
  try {
    return await openEngine(address, { inspects: true })
  } catch (error) {
    throw error instanceof EngineError ? operatorErrorOf(error) : error
  }
}

/** Counts what is found. */
abstract class Report {
  readonly counts: Record<FindingKind, number> = {
    missing: 0,
    rotten: 0,
    unnamed: 0,
    'variant-missing': 0,
    'variant-rotten': 0,
  }
  mended = 0
  left = 0
  readonly #mends: boolean

  constructor(mends: boolean) {
    this.#mends = mends
  }

  begin(): void {}
  advance(_progress: CheckProgress): void {}
  breakOff(_sentence: string): void {}
  abstract end(progress: CheckProgress, faults: readonly Fault[], isSuspicious: boolean): void

  /** Says what a finding is, then what to do. */
  protected sentenceOf({ kind, isMended }: Finding): string {
    if (isMended) return MENDED
    return this.#mends && kind.startsWith('variant') ? UNMENDED : SENTENCES[kind]
  }

  tell(finding: Finding): void {
    this.counts[finding.kind]++
    if (finding.isMended) this.mended++
    else this.left++
  }
}

/** A line for each finding, and one with the sums. */
class TextReport extends Report {
  #toldAt = 0

  override tell(finding: Finding): void {
    super.tell(finding)
    const { kind, blob, picture } = finding
    const other = kind === 'unnamed' ? 'A stored file' : 'A past frame'
    const name = picture
      ? `${JSON.stringify(picture.name)} (${picture.board}/${picture.id})`
      : other
    this.#clear()
    process.stdout.write(`${name}: ${this.sentenceOf(finding)}. ${blob}\n`)
  }

  override advance({ files, bytes }: CheckProgress): void {
    if (!process.stderr.isTTY || performance.now() - this.#toldAt < PROGRESS_INTERVAL_MS) return
    this.#toldAt = performance.now()
    process.stderr.write(`\r\x1b[K${files} files checked, ${megabytes(bytes)} MB`)
  }

  override breakOff(): void {
    this.#clear()
  }

  override end(
    { files, bytes }: CheckProgress,
    faults: readonly Fault[],
    isSuspicious: boolean,
  ): void {
    this.#clear()
    const { missing, rotten, unnamed } = this.counts
    for (const { message } of faults) process.stdout.write(`${message}\n`)
    if (isSuspicious) process.stdout.write(`${SUSPICIOUS}\n`)
    process.stdout.write(
      `${files} files checked, ${megabytes(bytes)} MB: ${missing} missing, ${rotten} rotten, ` +
        `${this.counts['variant-missing']} smaller versions missing, ` +
        `${this.counts['variant-rotten']} rotten, ${unnamed} unnamed; ${this.mended} made again\n`,
    )
  }

  #clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  }
}

/** One JSON document, written as the findings come. */
class JsonReport extends Report {
  #separator = ''
  #hasBegun = false

  override begin(): void {
    this.#hasBegun = true
    process.stdout.write('{"findings":[')
  }

  override tell(finding: Finding): void {
    super.tell(finding)
    process.stdout.write(this.#separator + JSON.stringify(finding))
    this.#separator = ','
  }

  override breakOff(sentence: string): void {
    if (this.#hasBegun) process.stdout.write(`],${JSON.stringify({ error: sentence }).slice(1)}\n`)
  }

  override end(progress: CheckProgress, faults: readonly Fault[]): void {
    const { counts, mended, left } = this
    const sums = JSON.stringify({ ...progress, counts, mended, left, faults })
    process.stdout.write(`],${sums.slice(1)}\n`)
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1)
