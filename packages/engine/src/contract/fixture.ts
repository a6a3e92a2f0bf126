import type { Engine } from '../engine.ts'
import { openEngine } from '../open.ts'

/** An engine on data of its own. */
export interface Fixture {
  readonly engine: Engine
  /** Closes the engine, and opens another on the same data. */
  reopen(): Promise<Engine>
  /** Closes the engine, and removes its data. */
  cleanup(): Promise<void>
}

export type OpenFixture = () => Promise<Fixture>

/** An engine for several servers. */
export interface SharedFixture extends Fixture {
  /** One more engine on the same data, as another server has it; closed by `cleanup`. */
  another(): Promise<Engine>
}

/** Engines of one URL, each as another server has it. */
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
