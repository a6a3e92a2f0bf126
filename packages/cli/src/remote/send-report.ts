import { WireError } from '@wirephoto/board'
import { endOnClosedPipe } from '../closed-pipe.ts'
import { NoAnswerError } from './ask.ts'
import type { ToldPicture } from './store-picture.ts'

/** The fate of a file. */
export type FileOutcome =
  | { readonly kind: 'added' | 'replaced' | 'there'; readonly picture: ToldPicture }
  /** No picture, in a folder that was named. */
  | { readonly kind: 'passed-over' }
  | { readonly kind: 'left'; readonly why: string; readonly code?: string | undefined }

interface ReportOptions {
  readonly isJson: boolean
  readonly isQuiet?: boolean
  /** Whether a terminal is told of each file, in place of sums. */
  readonly namesEach?: boolean
}

interface FileProgress {
  sent: number
  readonly total: number
}

const REDRAW_INTERVAL_MS = 100
const BAR_WIDTH_COUNT = 20

/** Tells of files on their way: bars on a terminal, JSON lines with `--json`, and otherwise only of what was left. */
export class SendReport {
  readonly counts = { added: 0, replaced: 0, there: 0, 'passed-over': 0, left: 0 }
  /** The number of files that there are in all, once it is known. */
  totalCount: number | null = null
  readonly #isJson: boolean
  readonly #isTerminal: boolean
  readonly #namesEach: boolean
  readonly #inFlight = new Map<string, FileProgress>()
  readonly #startedAt = performance.now()
  #sentBytes = 0
  #drawnLines = 0
  #drawnAt = 0
  #trouble = ''

  constructor({ isJson, isQuiet = false, namesEach = false }: ReportOptions) {
    this.#isJson = isJson
    this.#namesEach = namesEach
    this.#isTerminal = process.stderr.isTTY && !isQuiet
    endOnClosedPipe()
  }

  /** Begins with a file. The result is called with the bytes that have left. */
  begin(source: string, total: number): (sent: number) => void {
    const progress = { sent: 0, total }
    this.#inFlight.set(source, progress)
    this.#redraw()
    return (sent) => {
      this.#sentBytes += Math.max(0, sent - progress.sent)
      progress.sent = sent
      this.#trouble = ''
      this.#redraw()
    }
  }

  /** Tells what became of a file. */
  end(source: string, outcome: FileOutcome): void {
    this.#inFlight.delete(source)
    this.counts[outcome.kind]++
    if (this.#isJson) this.#writeJson(source, outcome)
    else if (outcome.kind === 'left') this.say(`${source}: ${outcome.why}`)
    else if (outcome.kind !== 'passed-over') {
      if (this.#namesEach && this.#isTerminal) this.say(`${source}: ${outcome.kind}`)
      for (const { message } of outcome.picture.notices ?? []) this.say(`${source}: ${message}`)
    }
    this.#redraw()
  }

  /** Says a line on stderr, above the bars. */
  say(line: string): void {
    this.#clear()
    process.stderr.write(`${line}\n`)
    this.#redraw(true)
  }

  /** Says why it waits, once. */
  wait(why: unknown): void {
    const trouble =
      why instanceof NoAnswerError
        ? "The server doesn't answer. Trying again."
        : why instanceof WireError
          ? why.message
          : ''
    if (trouble === '' || trouble === this.#trouble) return
    this.#trouble = trouble
    this.say(trouble)
  }

  /** Ends the bars, and says how many there were where somebody watches. */
  close(sentence: string): void {
    this.#inFlight.clear()
    this.#clear()
    if (this.#isTerminal && sentence !== '') process.stderr.write(`${sentence}\n`)
  }

  #writeJson(source: string, outcome: FileOutcome): void {
    if (outcome.kind === 'passed-over') return
    const told =
      outcome.kind === 'left'
        ? { code: outcome.code, message: outcome.why }
        : pictureFacts(outcome.picture)
    process.stdout.write(`${JSON.stringify({ file: source, result: outcome.kind, ...told })}\n`)
  }

  #redraw(isForced = false): void {
    if (!this.#isTerminal) return
    if (!isForced && performance.now() - this.#drawnAt < REDRAW_INTERVAL_MS) return
    this.#clear()
    this.#drawnAt = performance.now()
    const width = Math.max(20, (process.stderr.columns || 80) - 1)
    const lines = [...this.#inFlight].map(([source, progress]) => barOf(source, progress, width))
    if (!this.#namesEach) lines.push(this.#sum().slice(0, width))
    process.stderr.write(lines.map((line) => `${line}\n`).join(''))
    this.#drawnLines = lines.length
  }

  #sum(): string {
    const { added, replaced, there, left, 'passed-over': passedOver } = this.counts
    const done = added + replaced + there + left + passedOver
    const ofAll = this.totalCount === null ? `${done}` : `${done} of ${this.totalCount}`
    const seconds = (performance.now() - this.#startedAt) / 1_000
    return `${ofAll} · ${megabytes(this.#sentBytes)} MB · ${megabytes(this.#sentBytes / seconds)} MB/s`
  }

  #clear(): void {
    if (this.#drawnLines > 0) process.stderr.write(`\x1b[${this.#drawnLines}A\x1b[J`)
    this.#drawnLines = 0
  }
}

/** Returns a line with a file's name and a bar, as wide as the terminal at most. */
function barOf(source: string, { sent, total }: FileProgress, width: number): string {
  const share = total === 0 ? 1 : sent / total
  const full = Math.round(share * BAR_WIDTH_COUNT)
  const bar = `${'━'.repeat(full)}${'─'.repeat(BAR_WIDTH_COUNT - full)}`
  const percent = `${Math.floor(share * 100)} %`.padStart(5)
  const room = width - BAR_WIDTH_COUNT - percent.length - 2
  const name =
    source.length > room ? `…${source.slice(1 - room)}` : source.padEnd(Math.min(room, 40))
  return room < 8 ? `${percent} ${bar}` : `${name} ${bar}${percent}`
}

const pictureFacts = ({ id, name, url, fileUrl, held, notices }: ToldPicture): object => ({
  id,
  name,
  url,
  fileUrl,
  ...(held && { held }),
  ...(notices && notices.length > 0 && { notices }),
})

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1)
