import type { Engine } from '../engine.ts'
import { openEngine } from '../open.ts'

/** A change of stored bytes. Returns those that lie there afterwards. */
export type Damage = (bytes: Buffer) => Buffer

/** An engine for one test, on data of its own. */
export interface Fixture {
  readonly engine: Engine
  /** Closes the engine, and opens another one on the same data. */
  reopen(): Promise<Engine>
  /** Overwrites a blob's stored bytes behind the engine's back, as a failing disk would. */
  damage(sha256: string, change: Damage): Promise<void>
  /** Closes the engine, and removes its data. */
  cleanup(): Promise<void>
}

/** Opens an engine on new, empty data. */
export type OpenFixture = () => Promise<Fixture>

/** An engine that several servers may share. */
export interface SharedFixture extends Fixture {
  /** Opens one more engine on the same data, as another server would. `cleanup` closes it. */
  another(): Promise<Engine>
}

/** Opens engines on one URL, each as a server of its own would. */
export async function sharedFixture(
  url: string,
  damage: Fixture['damage'],
): Promise<SharedFixture> {
  const opened: Engine[] = []
  const another = async () => {
    const engine = await openEngine(url)
    opened.push(engine)
    return engine
  }
  const cleanup = async () => {
    for (const engine of opened) await engine.close()
  }
  return {
    engine: await another(),
    damage,
    another,
    async reopen() {
      await cleanup()
      return another()
    },
    cleanup,
  }
}
