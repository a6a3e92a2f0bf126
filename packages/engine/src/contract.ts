import { after, before, describe } from 'node:test'
import { blobsContract } from './contract/blobs.ts'
import { boardsContract } from './contract/boards.ts'
import { historiesContract } from './contract/histories.ts'
import { keepingContract } from './contract/keeping.ts'
import { logContract } from './contract/log.ts'
import { serversContract } from './contract/servers.ts'
import type { Engine } from './engine.ts'
import { openEngine } from './open.ts'

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

/** What every engine must pass (F5): the whole port, and random histories in which all replicas agree. */
export function engineContract(name: string, open: OpenFixture): void {
  describe(`${name}: the engine contract (F5)`, () => {
    let fixture: Fixture
    before(async () => {
      fixture = await open()
    })
    after(() => fixture.cleanup())
    const engine = () => fixture.engine

    describe('boards', () => boardsContract(engine, open))
    describe('change log', () => logContract(engine, open))
    describe('blobs', () => blobsContract(engine, open))
    describe('bus, secrets and history', () => keepingContract(engine, open))
    describe('random histories', () => historiesContract(open))
  })
}

/** What every engine must pass, besides, on which several servers may stand. */
export function sharedEngineContract(name: string, open: () => Promise<SharedFixture>): void {
  describe(`${name}: the contract of engines that servers share (F5)`, () => {
    serversContract(open)
    historiesContract(open, async ({ engine, another }) => [engine, await another()])
  })
}
