import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ImageRecord } from '@wirephoto/board'
import { isPicture, newId } from './board-under-test.ts'
import type { ClientContext } from './client-context.ts'
import type { Ended } from './client-process.ts'
import type { Check } from './run-checks.ts'
import { pngOf, widthOfPng } from './sample-pictures.ts'

/** Changes that are made while the line breaks again and again. */
const CHANGE_COUNT = 60
const CHANGES_PER_BREAK_COUNT = 12
/** Behind the request's headers, in the middle of the file. */
const BREAK_AFTER_BYTES = 20_000

/** A line of `changes`. */
interface ChangeLine {
  readonly old: ImageRecord | null
  readonly new: ImageRecord | null
}

/** The checks of a client, by its commands `push`, `slot`, `slots`, `frame` and `changes`. */
export const clientChecks: readonly Check<ClientContext>[] = [
  {
    name: 'push stores a picture, and prints its record',
    run: async (context) => {
      const id = context.newPicture()
      const file = pngOf(40, 30)
      const path = await context.file('loss curve.png', file)
      const args = ['--id', id, '--caption', 'Epoch 12, ü']
      const record = pictureOf(await context.run('push', context.address, path, ...args))
      assert.equal(record.id, id)
      const stored = await context.board.picture(id)
      assert.equal(stored?.caption, 'Epoch 12, ü')
      assert.equal(stored.name, 'loss curve.png')
      assert.equal(stored.width, 40)
      assert.equal(stored.blob, record.blob)
    },
  },
  {
    name: 'push of the same picture under the same id adds it once',
    run: async (context) => {
      const id = context.newPicture()
      const path = await context.file('twice.png', pngOf(41, 30))
      const first = pictureOf(await context.run('push', context.address, path, '--id', id))
      const again = pictureOf(await context.run('push', context.address, path, '--id', id))
      assert.equal(again.blob, first.blob)
      const { records } = await context.board.snapshot()
      const added = records.filter((record) => isPicture(record) && record.blob === first.blob)
      assert.equal(added.length, 1)
    },
  },
  {
    name: 'push over a line that breaks in the middle stores the picture once',
    run: async (context) => {
      const id = context.newPicture()
      const file = pngOf(300, 300, randomBytes(90_000))
      const path = await context.file('broken-line.png', file)
      context.line.breakAfter(BREAK_AFTER_BYTES)
      const { blob } = pictureOf(await context.run('push', context.address, path, '--id', id))
      assert.equal(context.line.breakCount, 1)
      const response = await context.board.fetch(`${context.board.api}/images/${id}/file`)
      const bytes = Buffer.from(await response.arrayBuffer())
      assert.equal(createHash('sha256').update(bytes).digest('hex'), blob)
      const { records } = await context.board.snapshot()
      assert.equal(records.filter((record) => isPicture(record) && record.blob === blob).length, 1)
    },
  },
  {
    name: 'push of a file that is no picture ends with 1 and the sentence of the server',
    run: async (context) => {
      const path = await context.file('note.png', Buffer.from('no picture, but a sentence'))
      const { code, lines, errors } = await context.run('push', context.address, path)
      assert.deepEqual([code, lines], [1, []])
      assert.match(errors, /\w+ \w+/)
    },
  },
  {
    name: 'slot sends its frames in order, and readers see them',
    run: async (context) => {
      const reader = await context.follow()
      const slot = `conformance-${Date.now()}`
      const widths = [50, 51, 52]
      const paths = await Promise.all(
        widths.map((width) => context.file(`${width}.png`, pngOf(width, 30))),
      )
      const { code, errors } = await context.run('slot', context.address, slot, ...paths)
      assert.equal(code, 0, errors)
      const tile = await reader.until(
        (records) =>
          Array.from(records.values(), (record) => (isPicture(record) ? record : undefined)).find(
            (record) => record?.slot === slot && record.width === 52,
          ),
        'the last frame to be stored',
      )
      context.remove(tile.id)
      const seen = reader.socket.events.flatMap(({ name, body, bytes }) =>
        name === 'frame' && body === tile.id && bytes ? [widthOfPng(bytes)] : [],
      )
      // The first one makes the tile, and comes as a change.
      assert.deepEqual(seen, widths.slice(1))
    },
  },
  {
    name: 'slots lists the live slots, and ends one, and frame saves the newest of one',
    run: async (context) => {
      const { board, address } = context
      const name = `conformance-${Date.now()}`
      const body = new Blob([new Uint8Array(pngOf(53, 30))])
      const pushed = await board.fetch(`${board.page}/live/${name}`, { method: 'PUT', body })
      const { id } = (await pushed.json()) as { id: string }
      context.remove(id)
      const isOurs = (line: unknown) => (line as { name: string }).name === name
      const listed = await context.run('slots', address)
      assert.equal(listed.code, 0, listed.errors)
      const { id: tile, isLate } = listed.lines.find(isOurs) as { id: string; isLate: boolean }
      assert.deepEqual([tile, isLate], [id, false])

      const path = await context.file('newest.png', Buffer.alloc(0))
      const saved = await context.run('frame', address, name, path)
      assert.equal(saved.code, 0, saved.errors)
      assert.equal(widthOfPng(await readFile(path)), 53)

      const ended = await context.run('slots', address, '--end', name)
      assert.deepEqual([ended.code, ended.lines], [0, []], ended.errors)
      assert.equal((await board.picture(id))?.slot, null)
      const again = await context.run('frame', address, name, path)
      assert.deepEqual([again.code, again.lines], [1, []])
      assert.match(again.errors, /\w+ \w+/)
    },
  },
  {
    name: 'changes tells each change with the picture before and after it',
    run: async (context) => {
      const { board } = context
      const before = await board.snapshot()
      const changes = await context.changes()
      const [first] = changes.lines as [{ following: boolean; pictures: number }]
      const standing = before.records.filter((record) => isPicture(record) && !record.deletedAt)
      assert.deepEqual(first, { following: true, pictures: standing.length })
      const id = context.newPicture()
      await board.submit(context.add(id))
      await changes.until(
        (lines) => told(lines, id, (line) => line.old === null),
        'an added picture',
      )
      await board.submit({ kind: 'image.patch', id, set: { caption: 'Here' } })
      const isCaptioned = ({ old, new: now }: ChangeLine) =>
        old?.caption === '' && now?.caption === 'Here'
      await changes.until((lines) => told(lines, id, isCaptioned), 'a new caption')
      await board.submit({ kind: 'image.remove', id })
      await changes.until(
        (lines) => told(lines, id, (line) => !!line.new?.deletedAt || line.new === null),
        'a removed picture',
      )
    },
  },
  {
    name: 'changes over a line that breaks misses nothing and tells nothing twice',
    run: async (context) => {
      const { board, line } = context
      const ids = [await context.store(60), await context.store(61), await context.store(62)]
      const changes = await context.changes()
      for (let i = 1; i <= CHANGE_COUNT; i++) {
        const set = { caption: `change ${i}` }
        await board.submit({ kind: 'image.patch', id: ids[i % ids.length]!, set })
        if (i % CHANGES_PER_BREAK_COUNT === 0) line.break()
      }
      const [last, ...others] = [CHANGE_COUNT, CHANGE_COUNT - 1, CHANGE_COUNT - 2]
      for (const i of [last, ...others])
        await changes.until(
          (lines) =>
            told(lines, ids[i! % ids.length]!, (each) => each.new?.caption === `change ${i}`),
          `the change ${i}`,
        )
      for (const id of ids) assertChain(changes.lines, id)
    },
  },
  {
    name: 'changes of a board that there is not ends with 1 and a sentence',
    run: async (context) => {
      const address = `${context.line.url}/b/${newId()}`
      const { code, errors } = await context.run('changes', address)
      assert.equal(code, 1)
      assert.match(errors, /\w+ \w+/)
    },
  },
  {
    name: 'changes ends with 0 when it is interrupted',
    run: async (context) => {
      const changes = await context.changes()
      changes.interrupt()
      const { code } = await changes.ended()
      assert.equal(code, 0)
    },
  },
]

/** Returns the record that `push` printed. */
function pictureOf({ code, lines, errors }: Ended): ImageRecord {
  assert.equal(code, 0, errors)
  assert.equal(lines.length, 1)
  return lines[0] as ImageRecord
}

/** Whether a line about a picture fits; undefined if none does. */
function told(
  lines: readonly unknown[],
  id: string,
  fits: (line: ChangeLine) => boolean,
): true | undefined {
  return linesOf(lines, id).some(fits) || undefined
}

const linesOf = (lines: readonly unknown[], id: string): ChangeLine[] =>
  (lines.slice(1) as ChangeLine[]).filter((line) => (line.new ?? line.old)?.id === id)

/** Throws unless each line about a picture begins where the one before it ended, and changes something. */
function assertChain(lines: readonly unknown[], id: string): void {
  const own = linesOf(lines, id)
  for (const [i, line] of own.entries()) {
    assert.notDeepEqual(line.new, line.old, 'A line changes nothing.')
    if (i > 0)
      assert.deepEqual(
        line.old,
        own[i - 1]!.new,
        'A line begins elsewhere than the last one ended.',
      )
  }
}
