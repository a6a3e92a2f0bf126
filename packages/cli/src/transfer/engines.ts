import { resolve } from 'node:path'
import { type Engine, EngineError, openEngine, withoutBlobs } from '@wirephoto/engine'
import {
  type BoardSource,
  engineSource,
  retryWhileAway,
  serverSource,
} from '@wirephoto/server/backup'
import { startedIn } from '../started-in.ts'

export interface EngineOptions {
  readonly engine?: string
  readonly data: string
}

/** Returns the URL of the engine that options name. */
export const engineUrlOf = ({ engine, data }: EngineOptions): string =>
  engine ?? `sqlite:${resolve(startedIn(), data)}`

/**
 * Opens an engine to read its boards; waits for a database that is away. Where a server has it for itself, that server
 * is asked.
 *
 * @throws EngineError, with a sentence for the operator.
 */
export async function openSource(
  url: string,
  waiting: { readonly signal: AbortSignal; readonly onAway: () => void },
): Promise<BoardSource> {
  try {
    return engineSource(await retryWhileAway(() => openEngine(url, { inspects: true }), waiting))
  } catch (error) {
    const [, folder] = /^sqlite:(.+)/.exec(withoutBlobs(url)) ?? []
    const isLocked = error instanceof EngineError && error.code === 'folder-locked'
    const source = isLocked && folder !== undefined ? await serverSource(folder) : null
    if (source) return source
    if (!isLocked) throw error
    throw new EngineError(
      'folder-locked',
      `A server uses the folder ${folder} and doesn't answer there. Stop it, or run this as the user that it runs as.`,
    )
  }
}

/** Opens an engine that boards are brought into. Rejects with an EngineError. */
export const openTarget = (url: string): Promise<Engine> => openEngine(url, { fills: true })
