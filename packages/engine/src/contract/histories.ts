import assert from 'node:assert/strict'
import test from 'node:test'
import { type AnyRecord, applyChanges, type Change, type Cursor, seqOf } from '@wirephoto/board'
import type { ClientState, Engine } from '../engine.ts'
import type { Fixture } from './fixture.ts'
import { newId, put, seededRandom } from './samples.ts'

// SEED runs one history again.
const { SEED } = process.env
/** How many times the usual number of histories; `npm run test:long` sets it. */
const EFFORT_FACTOR = Number(process.env['EFFORT'] ?? 1)
const HISTORY_COUNT = SEED ? 1 : Math.ceil(60 * EFFORT_FACTOR)
const TIMEOUT_MS = 300_000 * Math.max(1, EFFORT_FACTOR)
const CONCURRENT_COUNT = 20
const STEP_COUNT = 40

/**
 * Declares the test of random histories, with conflicting writers, readers that come and go, and a log
 * that is pruned. In the end all replicas and a fresh load equal each other, and what was acknowledged.
 *
 * @param enginesOf Returns the engines of a fixture among which each call chooses at random.
 */
export function historiesContract<F extends Fixture>(
  open: () => Promise<F>,
  enginesOf: (fixture: F) => Promise<readonly Engine[]> = async ({ engine }) => [engine],
): void {
  test(`F4: ${HISTORY_COUNT} random histories converge`, { timeout: TIMEOUT_MS }, async (t) => {
    const fixture = await open()
    t.after(fixture.cleanup)
    const engines = await enginesOf(fixture)
    const first = SEED ? Number(SEED) : Math.floor(Math.random() * 1e6)
    t.diagnostic(`seeds ${first} to ${first + HISTORY_COUNT - 1}`)
    const seeds = Array.from({ length: HISTORY_COUNT }, (_, i) => first + i)
    const failed = new Map<number, unknown>()
    const ends = new Map<string, unknown>()
    const running = seeds.values()
    await Promise.all(
      Array.from({ length: CONCURRENT_COUNT }, async () => {
        for (const seed of running)
          try {
            const board = `history-${seed}`
            await new History(engines, board, seed).run()
            ends.set(board, await engines[0]!.log.load(board))
          } catch (error) {
            failed.set(seed, error)
          }
      }),
    )
    const [error] = failed.values()
    if (error) throw new Error(`seeds ${[...failed.keys()].join(', ')}`, { cause: error })

    const again = await fixture.reopen()
    for (const [board, end] of ends) assert.deepEqual(await again.log.load(board), end, board)
  })
}

interface Replica {
  readonly client: string
  records: Map<string, AnyRecord>
  cursor: Cursor
  n: number
}

interface Committed {
  readonly changes: readonly Change[]
  readonly clients: ReadonlyMap<string, ClientState>
}

class History {
  readonly #engines: readonly Engine[]
  readonly #board: string
  readonly #random: () => number
  readonly #ids = Array.from({ length: 10 }, newId)
  /** The acknowledged batches, by seq. */
  readonly #committed: Committed[] = [{ changes: [], clients: new Map() }]
  #pruned = false

  constructor(engines: readonly Engine[], board: string, seed: number) {
    this.#engines = engines
    this.#board = board
    this.#random = seededRandom(seed)
  }

  async run(): Promise<void> {
    await this.#engine.boards.create(this.#board)
    const replicas = await Promise.all(Array.from({ length: 6 }, () => this.#join()))
    const saved: Replica[] = []
    for (let step = 0; step < STEP_COUNT; step++) {
      const acting = replicas.filter(() => this.#chance(0.4))
      await Promise.all(acting.map((replica, i) => this.#act(replica, i < 3, saved)))
      if (this.#chance(0.04)) {
        this.#pruned = true
        await this.#engine.log.prune(this.#board, Date.now() - (this.#chance(0.5) ? 5 : -5))
      }
    }
    await this.#agree([...replicas, ...saved])
  }

  async #join(): Promise<Replica> {
    const replica = { client: newId(), records: new Map(), cursor: '' as Cursor, n: 0 }
    await this.#load(replica)
    return replica
  }

  async #act(replica: Replica, writes: boolean, saved: Replica[]): Promise<void> {
    // Some replicas are saved, and come back at the end with their old state.
    if (this.#chance(0.1)) saved.push({ ...replica, records: new Map(replica.records) })
    if (this.#chance(0.05)) await this.#load(replica)
    else if (writes && this.#chance(0.7)) await this.#write(replica)
    else await this.#catchUp(replica)
  }

  async #write(replica: Replica): Promise<void> {
    const { client, cursor } = replica
    const changes = this.#ids.filter(() => this.#chance(0.2)).map((id) => this.#change(id))
    const state = { n: replica.n + 1, seq: seqOf(cursor) + 1, refused: [] }
    const clients = new Map([[client, state]])
    const to = await this.#engine.log.append(this.#board, { expected: cursor, changes, clients })
    if (to === null) {
      // Some try the same append again before they read.
      if (this.#chance(0.7)) await this.#catchUp(replica)
      return
    }
    assert.equal(seqOf(to), seqOf(cursor) + 1)
    assert.equal(this.#committed[seqOf(to)], undefined, 'two batches of one seq')
    this.#committed[seqOf(to)] = { changes, clients }
    applyChanges(replica.records, changes)
    replica.cursor = to
    replica.n++
  }

  #change(id: string): Change {
    if (this.#chance(0.3)) return { gone: id }
    return put(id, { x: Math.floor(this.#random() * 1e6) })
  }

  async #catchUp(replica: Replica): Promise<void> {
    const missed = await this.#engine.log.read(this.#board, replica.cursor)
    if (!missed) {
      assert.ok(this.#pruned, 'a cursor of this history can be read from')
      await this.#load(replica)
      return
    }
    for (const { from, to, changes } of missed.batches) {
      assert.equal(from, replica.cursor)
      applyChanges(replica.records, changes)
      replica.cursor = to
    }
  }

  async #load(replica: Replica): Promise<void> {
    const { cursor, records } = await this.#engine.log.load(this.#board)
    replica.cursor = cursor
    replica.records = new Map(records.map((record) => [record.id, record]))
  }

  async #agree(replicas: readonly Replica[]): Promise<void> {
    const truth = { records: new Map<string, AnyRecord>(), clients: new Map<string, ClientState>() }
    for (const { changes, clients } of this.#committed) {
      applyChanges(truth.records, changes)
      for (const [client, state] of clients) truth.clients.set(client, state)
    }
    const { cursor, records, clients } = await this.#engine.log.load(this.#board)
    assert.equal(seqOf(cursor), this.#committed.length - 1, 'seq has a gap')
    assert.deepEqual(new Map(records.map((record) => [record.id, record])), truth.records)
    for (const [client, state] of clients) assert.deepEqual(state, truth.clients.get(client))
    if (!this.#pruned) assert.equal(clients.size, truth.clients.size)
    for (const replica of replicas) {
      await this.#catchUp(replica)
      assert.equal(replica.cursor, cursor)
      assert.deepEqual(replica.records, truth.records)
    }
  }

  /** One of the engines, at random: they share the same data. */
  get #engine(): Engine {
    return this.#engines[Math.floor(this.#random() * this.#engines.length)]!
  }

  #chance(probability: number): boolean {
    return this.#random() < probability
  }
}
