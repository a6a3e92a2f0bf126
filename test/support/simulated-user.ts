import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { type AnyRecord, type Command, type Snapshot, uuidv7 } from '@wirephoto/board'
import { type Board, memoryStore, openBoard, type Store } from '@wirephoto/client'
import { Proxy } from './proxy.ts'

const STEP_COUNT = 120
const WAIT_TIMEOUT_MS = 30_000

/** A user who edits over a failing connection, in a browser with storage, on pages that reload. */
export class SimulatedUser {
  readonly store: Store = memoryStore()
  readonly #proxy: Proxy
  readonly #board: string
  readonly #token: string
  page!: Board

  private constructor(board: string, token: string, proxy: Proxy) {
    this.#board = board
    this.#token = token
    this.#proxy = proxy
  }

  /** Joins as the holder of a link that gives the role own. */
  static async join(board: string, token: string, port: number): Promise<SimulatedUser> {
    const user = new SimulatedUser(board, token, await Proxy.open(port))
    user.openPage()
    return user
  }

  openPage(): void {
    this.page = openBoard({
      url: `http://127.0.0.1:${this.#proxy.port}`,
      board: this.#board,
      token: this.#token,
      store: this.store,
    })
  }

  async reload(): Promise<void> {
    await this.page.close()
    this.openPage()
  }

  /** Stores commands as a page does that is closed before it sends them, and reloads. */
  async leaveUnsent(commands: readonly Command[], client: string): Promise<void> {
    const saved = commands.map((command, i) => ({ board: this.#board, client, n: i + 1, command }))
    await this.store.putCommands(saved)
    await this.reload()
  }

  get proxy(): Proxy {
    return this.#proxy
  }

  async close(): Promise<void> {
    await this.page.close()
    await this.#proxy.close()
  }
}

export type UserAction = (user: SimulatedUser) => unknown

/** Runs random actions of users, and faults of their connections. */
export async function editRandomly(
  users: readonly SimulatedUser[],
  random: () => number,
  further: readonly UserAction[] = [],
): Promise<void> {
  const below = (n: number) => Math.floor(random() * n)
  const one = <T>(list: readonly T[]): T => list[below(list.length)]!
  const place = () => below(2000) - 1000
  // The ids must differ between runs, or the server would know the queues of an earlier run.
  const id = () =>
    uuidv7(
      Date.now(),
      Uint8Array.from({ length: 10 }, () => below(256)),
    )
  const ids = Array.from({ length: 6 }, id)
  const add = (picture: string): Command => ({
    kind: 'image.add',
    id: picture,
    width: 40,
    height: 30,
    name: 'a.jpg',
    ...(random() < 0.5 && { x: place(), y: place() }),
  })
  const acts: UserAction[] = [
    ({ page }) => page.patch(one(ids), { x: place(), y: place() }),
    ({ page }) => page.patch(one(ids), { w: 1 + below(400) }),
    ({ page }) => page.patch(one(ids.slice(users.length)), { caption: `caption ${below(1000)}` }),
    ({ page }) => {
      for (const each of ids.slice(below(6))) page.patch(each, { x: place() })
    },
    ({ page }) => page.rename(`title ${below(1000)}`),
    ({ page }) => page.remove([one(ids), one(ids)]),
    ({ page }) => page.restore([one(ids)]),
    ({ page }) => page.undo(),
    ({ page }) => page.redo(),
    ({ page }) => page.drag({ [one(ids)]: { x: place(), y: place() } }),
    ({ proxy }) => proxy.resetConnections(),
    ({ proxy }) => proxy.disconnect(),
    ({ proxy }) => proxy.reconnect(),
    ({ proxy }) => proxy.down.stall(),
    ({ proxy }) => proxy.down.resume(),
    (user) => user.reload(),
    // Several users add the same pictures; only the first may succeed.
    (user) => user.leaveUnsent([add(one(ids)), add(one(ids))], id()),
    ...further,
    ...Array.from({ length: 6 }, () => () => setTimeout(below(40))),
  ]
  const added = ids.slice(0, users.length + 1)
  await users[0]!.leaveUnsent(added.map(add), id())
  for (const { page } of users)
    await waitUntil(page, () => added.every((picture) => page.pictures.has(picture)))
  for (let step = 0; step < STEP_COUNT; step++) await one(acts)(one(users))
  // In the worst conditions, an edit that nobody else can overwrite must arrive.
  for (const [i, { page }] of users.entries()) page.patch(ids[i]!, { caption: finalCaption(i) })
}

const finalCaption = (person: number): string => `The last words of person ${person}`

/** Resolves when every command of the users is answered. */
export async function waitForAnswers(users: readonly SimulatedUser[]): Promise<void> {
  for (const { page } of users) await waitUntil(page, () => page.status.unsent === 0)
}

/** Asserts that everybody's replica equals a fresh snapshot, once nothing is on its way. */
export async function assertConverged(
  board: string,
  users: readonly SimulatedUser[],
  origin: string,
): Promise<AnyRecord[]> {
  await waitForAnswers(users)
  const { records } = await retry(async (): Promise<Snapshot> => {
    const response = await fetch(`${origin}/api/boards/${board}/snapshot`)
    return (await response.json()) as Snapshot
  })
  const truth = sorted(records.filter(({ kind }) => kind === 'image'))
  const title = records.find((record) => record.kind === 'board')?.title ?? ''
  for (const { page, store } of users) {
    const seen = () => sorted(page.pictures.values())
    await waitUntil(page, () => isDeepStrictEqual(seen(), truth) && page.title === title)
    assert.deepEqual([page.title, seen()], [title, truth])
    assert.deepEqual(await store.commands(board), [])
  }
  for (const i of users.keys())
    assert.ok(JSON.stringify(truth).includes(finalCaption(i)), 'what was asked for last is kept')
  return sorted(records)
}

/** Retries a request that a restarting server may refuse. */
export async function retry<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++)
    try {
      return await ask()
    } catch (error) {
      if (tries > 20) throw error
      await setTimeout(100)
    }
}

const sorted = (records: Iterable<AnyRecord>): AnyRecord[] =>
  [...records].sort((a, b) => (a.id < b.id ? -1 : 1))

/** Resolves when the condition holds on the page, or after the timeout. */
export async function waitUntil(page: Board, isSo: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = () => isSo() && resolve()
  const offs = (['pictures', 'settings', 'status'] as const).map((event) => page.on(event, look))
  look()
  await Promise.race([promise, setTimeout(WAIT_TIMEOUT_MS, null, { ref: false })])
  for (const off of offs) off()
}
