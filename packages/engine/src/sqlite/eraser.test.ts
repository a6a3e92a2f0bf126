import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { tempFolder } from '../../support/temp-folder.ts'
import { append, newBoard, newId, put } from '../contract/samples.ts'

/** Longer than a page, so that it goes on in pages of its own. */
const LONG_CHARACTERS_COUNT = 9_000
const PATIENCE_MS = 60_000

// Both wait most of the time.
suite('what was deleted', { concurrency: true }, () => {
  test('J16: soon after a deletion no file of the folder has what was deleted', async (t) => {
    const { folder, open } = await tempFolder(t)
    const engine = await open()
    const { board, cursor } = await newBoard(engine)
    const { board: other, cursor: otherCursor } = await newBoard(engine)
    const [goes, stays] = [newId(), newId()]
    const first = await append(engine, board, cursor, [
      put(goes, { caption: 'an earlier caption', name: 'secret.jpg' }),
      put(stays, { caption: 'what stays' }),
    ])
    const caption = 'a long caption '.repeat(LONG_CHARACTERS_COUNT / 15)
    const second = await append(engine, board, first, [put(goes, { caption })])
    await append(engine, other, otherCursor, [
      { put: { kind: 'board', id: 'board', title: 'a removed board', trashDays: 30 } as never },
    ])
    await engine.history.append(other, [
      {
        at: 1,
        kind: 'audit',
        subject: 'removed subject',
        data: 'removed data',
        blob: null,
      } as never,
    ])
    await engine.secrets.put({ hash: 'h', board, kind: 'link', data: 'a link', expiresAt: null })
    const words = ['an earlier caption', 'secret.jpg', 'a long caption', 'a removed board']
    const allWords = [...words, 'removed subject', 'removed data', 'a link']
    assert.deepEqual(await foundIn(folder, allWords), allWords)

    await append(engine, board, second, [{ gone: goes }])
    await engine.boards.remove(other)
    await engine.secrets.remove('h')
    await untilGone(folder, allWords)
    const kept = await engine.log.load(board)
    assert.deepEqual(
      kept.records.map(({ id }) => id),
      [stays],
    )
    assert.deepEqual(await engine.health(), [])
  })

  test('J17: copies that pages have kept of deleted rows go while the server runs, also earlier ones', async (t) => {
    const { folder, open } = await tempFolder(t)
    const engine = await open()
    const { board, cursor } = await newBoard(engine)
    await append(engine, board, cursor, [
      put(newId(), { caption: 'what goes' }),
      put(newId(), { caption: 'what stays' }),
    ])
    await engine.close()
    // As a build before this one deletes, and a page that is split forgets.
    const db = new DatabaseSync(join(folder, 'wirephoto.db'))
    db.exec(`PRAGMA secure_delete = OFF; UPDATE mark SET erase_due = 1;
    DELETE FROM records WHERE json ->> '$.caption' = 'what goes'`)
    db.close()
    assert.deepEqual(await foundIn(folder, ['what goes']), ['what goes'])

    const again = await open()
    await untilGone(folder, ['what goes'])
    assert.equal((await again.log.load(board)).records.length, 1)
    assert.deepEqual(await foundIn(folder, ['what stays']), ['what stays'])
    // It was written by nobody else.
    assert.deepEqual(await again.health(), [])
    assert.equal(await again.boards.create('later'), true)
  })
})

/** Returns those of the words that any file of a folder has. */
async function foundIn(folder: string, words: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const texts = await Promise.all(
    files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')),
  )
  return words.filter((word) => texts.some((text) => text.includes(word)))
}

/** Resolves when no file of a folder has any of the words. */
async function untilGone(folder: string, words: readonly string[]): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  for (let found = words; found.length > 0; found = await foundIn(folder, words)) {
    assert.ok(performance.now() < end, `still there: ${found.join()}`)
    await setTimeout(50)
  }
}
