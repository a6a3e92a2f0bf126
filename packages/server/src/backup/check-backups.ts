import { EngineError } from '@wirephoto/engine'
import type { TransferOptions } from './backup.ts'
import { blobsOf, type NamedBlob } from './board-point.ts'
import { copyChecked } from './checked-file.ts'
import { boardsOf, readWhole } from './point-file.ts'
import type { BackupStore } from './store.ts'

/** Something of a place of backups that isn't as it was written. */
export interface BackupFinding {
  /** `log`: the list of what a backup has is cut off or damaged. */
  readonly kind: 'log' | 'missing' | 'rotten' | 'variant-rotten'
  /** The newest backup that is concerned. */
  readonly point: string
  /** Null for a list. */
  readonly blob: string | null
  readonly picture: NamedBlob['picture']
}

/** The amounts that were looked at. */
export interface BackupCheck {
  readonly backups: number
  readonly files: number
  readonly bytes: number
}

interface CheckOptions extends Pick<TransferOptions, 'signal'> {
  readonly onFinding: (finding: BackupFinding) => void
  readonly onProgress: (soFar: BackupCheck) => void
}

/**
 * Reads all backups of a place, and each of their files once. Changes nothing. A smaller version that is missing is no
 * finding, since it is made again after a restore.
 *
 * @throws EngineError if there is no backup, or one of a newer build.
 */
export async function checkBackups(
  store: BackupStore,
  { signal, onFinding, onProgress }: CheckOptions,
): Promise<BackupCheck> {
  const points = (await store.points()).toReversed()
  if (points.length === 0)
    throw new EngineError('no-boards', 'There is no whole backup there. Make one first.')
  const soFar = { backups: 0, files: 0, bytes: 0 }
  const checked = new Set<string>()
  const check = async (point: string, blob: NamedBlob) => {
    const { name, isVariant, picture } = blob
    const read = await copyChecked(blob, (each) => store.open(each), null, signal)
    soFar.files++
    if (typeof read === 'number') soFar.bytes += read
    else if (!isVariant) onFinding({ kind: read, point, blob: name, picture })
    else if (read === 'rotten') onFinding({ kind: 'variant-rotten', point, blob: name, picture })
    onProgress(soFar)
  }
  for (const point of points) {
    soFar.backups++
    if (!(await isWhole(store, point))) {
      onFinding({ kind: 'log', point, blob: null, picture: null })
      continue
    }
    for await (const board of boardsOf(await store.openPoint(point)))
      for (const blob of blobsOf(board)) {
        signal?.throwIfAborted()
        if (checked.has(blob.name)) continue
        checked.add(blob.name)
        await check(point, blob)
      }
  }
  return soFar
}

async function isWhole(store: BackupStore, point: string): Promise<boolean> {
  try {
    await readWhole(await store.openPoint(point))
    return true
  } catch (error) {
    if (error instanceof EngineError && error.code === 'damaged') return false
    throw error
  }
}
