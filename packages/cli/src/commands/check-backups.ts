import { EngineError } from '@wirephoto/engine'
import type { BackupCheck, BackupFinding } from '@wirephoto/server/backup'
import { exitCodes } from '../exit-codes.ts'
import { OperatorError, operatorErrorOf } from '../operator-error.ts'
import { placeOf } from './backup.ts'

/** How often a terminal is told how far the check is. */
const PROGRESS_INTERVAL_MS = 250

/** Sentences for each kind of finding: the fault, then what to do. */
const SENTENCES: Record<BackupFinding['kind'], string> = {
  log: 'its list is cut off or damaged; restore another one',
  missing: 'its file is gone; back up again while the boards have it',
  rotten: 'its file is rotten or cut off; back up with --verify while the boards have it',
  'variant-rotten': 'a smaller version is rotten; back up with --verify, or restore without it',
}

/** Whether an address names a place of backups: a folder, or one in S3. An engine's has a scheme. */
export const isPlaceOfBackups = (address: string): boolean =>
  address.startsWith('s3://') || !/^[a-z][a-z+.-]+:/i.test(address)

/** Reads all backups of a place, and tells of what is missing or spoilt there. */
export async function checkPlace(address: string, isJson: boolean): Promise<void> {
  const { checkBackups, openStore } = await import('@wirephoto/server/backup')
  const findings: BackupFinding[] = []
  let toldAt = performance.now()
  const clear = () => {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  }
  try {
    await using store = await openStore(placeOf(address), false)
    const done = await checkBackups(store, {
      onFinding(finding) {
        findings.push(finding)
        clear()
        if (!isJson) process.stdout.write(`${lineOf(finding)}\n`)
      },
      onProgress(soFar) {
        if (!process.stderr.isTTY || performance.now() - toldAt < PROGRESS_INTERVAL_MS) return
        toldAt = performance.now()
        process.stderr.write(`\r\x1b[K${amountOf(soFar)}`)
      },
    })
    clear()
    const left = findings.length
    const sums = `${amountOf(done)}: ${left === 0 ? 'all sound' : `${left} not sound`}`
    process.stdout.write(`${isJson ? JSON.stringify({ findings, ...done, left }) : sums}\n`)
    process.exitCode = left > 0 ? exitCodes.partly : exitCodes.done
  } catch (error) {
    clear()
    if (error instanceof EngineError) throw operatorErrorOf(error)
    const { message } = error as Error
    throw new OperatorError(`The check broke off: ${message}`, { cause: error })
  }
}

function lineOf({ kind, point, blob, picture }: BackupFinding): string {
  if (kind === 'log') return `Backup ${point}: ${SENTENCES.log}.`
  const name = picture
    ? `${JSON.stringify(picture.name)} (${picture.board}/${picture.id})`
    : 'A past picture'
  return `${name}: ${SENTENCES[kind]}. ${blob}`
}

const amountOf = ({ backups, files, bytes }: BackupCheck): string =>
  `${backups} ${backups === 1 ? 'backup' : 'backups'}, ${files} files checked, ${(bytes / 1e6).toFixed(1)} MB`
