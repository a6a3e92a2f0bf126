import { after, before, describe } from 'node:test'
import { blobsContract } from './contract/blobs.ts'
import {
  boardsContract,
  endedSecretsContract,
  historyContract,
  replacedSecretsContract,
  secretsContract,
} from './contract/boards.ts'
import { endedBlobsContract } from './contract/ended-blobs.ts'
import {
  type Damage,
  type Fixture,
  type OpenFixture,
  type SharedFixture,
  sharedFixture,
} from './contract/fixture.ts'
import { historiesContract } from './contract/histories.ts'
import { logContract } from './contract/log.ts'
import { serversContract } from './contract/servers.ts'

export { type Damage, type Fixture, type OpenFixture, type SharedFixture, sharedFixture }

/** Declares the tests that every engine must pass (F5): the whole port, then random histories. */
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
    describe('secrets', () => {
      secretsContract(open)
      replacedSecretsContract(open)
      endedSecretsContract(open)
    })
    describe('history', () => historyContract(open))
    describe('ended blobs', () => endedBlobsContract(open))
    describe('random histories', () => historiesContract(open))
  })
}

/** Declares the further tests of engines that several servers may share. */
export function sharedEngineContract(name: string, open: () => Promise<SharedFixture>): void {
  describe(`${name}: the contract of engines that servers share (F5)`, () => {
    serversContract(open)
    historiesContract(open, async ({ engine, another }) => [engine, await another()])
  })
}
