import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Command, limits, uuidv7 } from '@wirephoto/board'
import { databaseProviders } from '../support/databases.ts'
import { EFFORT_FACTOR, SEED } from '../support/effort.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { seededRandom } from '../support/pictures.ts'
import { WireClient } from '../support/wire-client.ts'

const COMMAND_COUNT = EFFORT_FACTOR > 1 ? 10_000 : 2_500

const messages = randomMessages(seededRandom(SEED))
const places = await databaseProviders()
/** The outcome on SQLite; every other engine's must equal it. */
const expected = places.some(({ skipReason }) => !skipReason) ? runCommands() : null

for (const place of places)
  test(`F5: ${COMMAND_COUNT} commands one after another leave on ${place.name} what they leave on SQLite (SEED=${SEED})`, {
    skip: place.skipReason ?? false,
    timeout: 120_000,
  }, async (t) => {
    const database = await place.open()
    t.after(() => database.close())
    const [here, there] = await Promise.all([expected!, runCommands(await database.newUrl())])
    assert.deepEqual(there.answers, here.answers)
    assert.deepEqual(there.records, here.records)
    t.diagnostic(`${here.records.length} records, ${here.refused} commands turned down`)
  })

/** Returns the answers and the final state, without batches, times and people's names. */
async function runCommands(engine?: string) {
  const server = await InProcessServer.open(engine ? { engine } : {})
  try {
    const board = await server.newBoard()
    const wireClient = await WireClient.connect(
      server.url,
      board,
      undefined,
      server.newOwner(board),
    )
    const answers = []
    for (const commands of messages) {
      const { n, refused } = await wireClient.send(...commands)
      answers.push({ n, refused })
    }
    const { records } = await wireClient.snapshot()
    wireClient.close()
    return {
      answers,
      refused: answers.flatMap(({ refused }) => refused).length,
      records: records
        .map((record) =>
          record.kind === 'image'
            ? {
                ...record,
                author: '',
                createdAt: 0,
                deletedAt: record.deletedAt !== null,
                deletedBy: '',
                // Each server's link has an id of its own.
                link: '',
              }
            : record,
        )
        .sort((one, other) => (one.id < other.id ? -1 : 1)),
    }
  } finally {
    await server.close()
  }
}

/** Returns messages of commands, many of which are refused. */
function randomMessages(random: () => number): Command[][] {
  const below = (n: number) => Math.floor(random() * n)
  const start = Date.now()
  const ids: string[] = []
  const some = () => ids[below(ids.length)] ?? newId()
  const newId = () =>
    uuidv7(
      start,
      Uint8Array.from({ length: 10 }, () => below(256)),
    )
  const place = () => below(4000) - 2000
  const add = (): Command => {
    const id = random() < 0.9 ? newId() : some()
    ids.push(id)
    return {
      kind: 'image.add',
      id,
      width: 1 + below(5000),
      height: 1 + below(5000),
      name: `picture "${below(100)}" é 🗼.jpg`,
      ...(random() < 0.5 && { x: place(), y: place() }),
    }
  }
  const kinds: (() => Command)[] = [
    add,
    () => ({ kind: 'image.patch', id: some(), set: { x: place(), y: place() } }),
    () => ({ kind: 'image.patch', id: some(), set: { caption: `caption ${below(1000)}\n\0é` } }),
    () => ({
      kind: 'image.patch',
      id: random() < 0.1 ? newId() : some(),
      set: { w: 1 + below(900) },
    }),
    () => ({ kind: 'image.remove', id: some() }),
    () => ({ kind: 'image.restore', id: some() }),
    () => ({ kind: 'board.patch', set: { title: `title ${below(1000)}` } }),
  ]
  const messages: Command[][] = []
  for (let left = COMMAND_COUNT; left > 0; left -= messages.at(-1)!.length)
    messages.push(
      Array.from(
        { length: Math.min(left, 1 + below(Math.min(120, limits.commandsPerMessage))) },
        () => kinds[below(kinds.length)]!(),
      ),
    )
  return messages
}
