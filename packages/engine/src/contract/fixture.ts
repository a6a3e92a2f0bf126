import type { Engine } from '../engine.ts'
import { openEngine } from '../open.ts'

/** An engine for one test, on data of its own. */
export interface Fixture {
  readonly engine: Engine
  /** Closes the engine, and opens another one on the same data. */
  reopen(): Promise<Engine>
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
export async function sharedFixture(url: string): Promise<SharedFixture> {
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
    another,
    async reopen() {
      await cleanup()
      return another()
    },
    cleanup,
  }
}
