import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WireError } from '@wirephoto/board'
import { type Engine, EngineError, makeFilesPrivate, openEngine } from '@wirephoto/engine'
import type { CheckProgress, Finding, FindingKind } from '@wirephoto/server/check'
import { Command, Option } from 'commander'
import { OperatorError, operatorErrorOf } from '../operator-error.ts'

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

/** Makes the command that reads every stored file and tells of those that aren't as they were stored. */
export function checkCommand(): Command {
  return new Command('check')
    .description('Read every stored file, and list those that are missing, rotten or unnamed.')
    .argument('<engine>', 'sqlite:<folder>, postgres://… or rethinkdb://…, as for serve')
    .addOption(new Option('--mend', 'make lost and rotten smaller versions again; delete nothing'))
    .addOption(new Option('--json', 'print one JSON document'))
    .addHelpText(
      'after',
      '\nExit code: 0 if all is sound or mended, 1 if something is left, 2 if it can’t be checked.',
    )
    .action(check)
}

async function check(address: string, options: Options): Promise<void> {
  makeFilesPrivate()
  const engine = await open(address)
  // Loaded late, so that --help and mistakes are answered at once.
  const { checkStored } = await import('@wirephoto/server/check')
  const report = options.json ? new JsonReport() : new TextReport()
  try {
    if ((await engine.boards.list()).length === 0)
      throw new OperatorError('This engine has no boards; name the one that the server uses.')
    report.begin()
    const progress = await checkStored(engine, {
      mends: options.mend ?? false,
      onFinding: (finding) => report.tell(finding),
      onProgress: (soFar) => report.advance(soFar),
    })
    report.end(progress)
    process.exitCode = report.left > 0 ? 1 : 0
  } catch (error) {
    if (error instanceof WireError)
      throw new OperatorError(`The check broke off (${error.code}): ${error.message}`)
    throw error
  } finally {
    await engine.close()
  }
}

async function open(address: string): Promise<Engine> {
  const folder = /^sqlite:(.+)/.exec(address)?.[1]
  // Opening it would make a new one.
  if (folder && !(await stat(join(folder, 'wirephoto.db')).catch(() => null)))
    throw new OperatorError(
      `There are no boards in ${folder}; name the server's folder, as sqlite:./data.`,
    )
  try {
    return await openEngine(address)
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

  begin(): void {}
  advance(_progress: CheckProgress): void {}
  abstract end(progress: CheckProgress): void

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
    const { kind, blob, picture, isMended } = finding
    const name = picture ? `${JSON.stringify(picture.name)} (${picture.board}/${picture.id})` : blob
    this.#clear()
    process.stdout.write(`${name}: ${isMended ? MENDED : SENTENCES[kind]}. ${blob}\n`)
  }

  override advance({ files, bytes }: CheckProgress): void {
    if (!process.stderr.isTTY || performance.now() - this.#toldAt < PROGRESS_INTERVAL_MS) return
    this.#toldAt = performance.now()
    process.stderr.write(`\r\x1b[K${files} files read, ${megabytes(bytes)} MB`)
  }

  override end({ files, bytes }: CheckProgress): void {
    this.#clear()
    const { missing, rotten, unnamed } = this.counts
    process.stdout.write(
      `${files} files read, ${megabytes(bytes)} MB: ${missing} missing, ${rotten} rotten, ` +
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

  override begin(): void {
    process.stdout.write('{"findings":[')
  }

  override tell(finding: Finding): void {
    super.tell(finding)
    process.stdout.write(this.#separator + JSON.stringify(finding))
    this.#separator = ','
  }

  override end(progress: CheckProgress): void {
    const { counts, mended, left } = this
    const sums = JSON.stringify({ ...progress, counts, mended, left })
    process.stdout.write(`],${sums.slice(1)}\n`)
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1)
