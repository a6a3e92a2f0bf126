import { WireError } from '@wirephoto/board'
import { endingOf, FileChangedError } from './ask.ts'
import type { RemoteBoard } from './board-option.ts'
import type { FileOutcome } from './send-report.ts'

/** Tells of a picture that stands in the trash, where its file can't go. */
export const IN_TRASH: FileOutcome = {
  kind: 'left',
  why: "it is in the board's trash; put it back there",
  code: 'in-trash',
}

/** Returns why a file was left. In a folder, files that are no pictures are passed over. Throws what is no fault of the file. */
export function failureOf(board: RemoteBoard, error: unknown, isNamed: boolean): FileOutcome {
  const ending = endingOf(board, error)
  if (ending) throw ending
  if (error instanceof WireError) {
    const isNoPicture = error.status === 415 && error.code !== 'wrong-type'
    if (isNoPicture && !isNamed) return { kind: 'passed-over' }
    return { kind: 'left', why: error.message, code: error.code }
  }
  if (error instanceof FileChangedError)
    return { kind: 'left', why: 'it changed, or went, while it was read' }
  if (isSystemError(error)) return { kind: 'left', why: unreadable(error) }
  throw error
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string'

function unreadable({ code }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'it is gone'
  if (code === 'EACCES' || code === 'EPERM') return "it can't be read; check its permissions"
  return `it can't be read (${code})`
}
