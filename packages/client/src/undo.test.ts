import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Command, cursor } from '@wirephoto/board'
import { Emitter } from './events.ts'
import { newId } from './ids.ts'
import { type Pending, Replica } from './replica.ts'
import type { BoardEvents } from './types.ts'
import { Undo } from './undo.ts'

/** A board that shows every command at once. */
function open() {
  const replica = new Replica()
  replica.visitor = 'me'
  replica.load({ cursor: cursor('e', 0, 's'), records: [] })
  const push = (commands: readonly Command[]) =>
    replica.addPending(commands.map((command): Pending => ({ command, at: 7, answered: null })))
  const events = new Emitter<BoardEvents>()
  const overtaken: string[][] = []
  events.on('overtaken', (ids) => overtaken.push([...ids]))
  let toldCount = 0
  events.on('undo', () => toldCount++)
  const undo = new Undo(replica, { push }, events)
  const act = (...commands: Command[]) => undo.push(commands)
  return {
    undo,
    act,
    push,
    overtaken,
    told: () => toldCount,
    shown: replica,
    picture: (id: string) => replica.pictures.get(id),
  }
}

const add = (id = newId(1)) =>
  ({ kind: 'image.add', id, x: 1, y: 1, width: 40, height: 30, name: 'a.jpg' }) as const
const nextTurn = () => new Promise((resolve) => setTimeout(resolve, 2))

describe('undo', () => {
  test('each kind of step is undone and redone', async () => {
    const { undo, act, shown, picture } = open()
    const { id } = add()
    const steps: [Command, () => unknown, unknown, unknown][] = [
      [add(id), () => picture(id)?.deletedAt ?? null, null, 7],
      [{ kind: 'image.patch', id, set: { x: 5, caption: 'c' } }, () => picture(id)!.x, 5, 1],
      [{ kind: 'image.remove', id }, () => picture(id)!.deletedAt, 7, null],
      [{ kind: 'image.restore', id }, () => picture(id)!.deletedAt, null, 7],
      [{ kind: 'board.patch', set: { title: 'T' } }, () => shown.settings.title, 'T', ''],
    ]
    for (const [command, look, after] of steps) {
      act(command)
      assert.equal(look(), after)
      await nextTurn()
    }
    for (const [command, look, , before] of steps.toReversed()) {
      assert.equal(undo.undo(), true, command.kind)
      assert.equal(look(), before, `${command.kind} taken back`)
    }
    assert.equal(undo.undo(), false)
    for (const [command, look, after] of steps) {
      assert.equal(undo.redo(), true, command.kind)
      assert.equal(look(), after, `${command.kind} done again`)
    }
    assert.equal(undo.redo(), false)
  })

  test('F4: taking a move back leaves what others did to other fields', async () => {
    const { undo, act, push, picture } = open()
    const picked = add()
    act(picked)
    await nextTurn()
    act({ kind: 'image.patch', id: picked.id, set: { x: 5 } })
    push([{ kind: 'image.patch', id: picked.id, set: { y: 9, caption: 'theirs' } }])
    undo.undo()
    const { x, y, caption } = picture(picked.id)!
    assert.deepEqual({ x, y, caption }, { x: 1, y: 9, caption: 'theirs' })
  })

  test('the commands of one turn are one step, taken back in reverse', async () => {
    const { undo, act, picture } = open()
    const [a, b] = [add(), add()]
    act(a, b)
    await nextTurn()
    act({ kind: 'image.patch', id: a.id, set: { x: 5 } })
    act({ kind: 'image.patch', id: b.id, set: { x: 6 } })
    act({ kind: 'image.patch', id: a.id, set: { x: 7 } })
    act({ kind: 'image.remove', id: a.id })
    undo.undo()
    assert.deepEqual([picture(a.id)!.x, picture(b.id)!.x], [1, 1])
    assert.equal(picture(a.id)!.deletedAt, null)
    undo.redo()
    assert.deepEqual([picture(a.id)!.x, picture(b.id)!.x], [7, 6])
    assert.equal(picture(a.id)!.deletedAt, 7)
  })

  test('pictures added for one step are one step, even in several turns', async () => {
    const { undo, picture } = open()
    const [a, b, c] = [add(), add(), add()]
    const drop = {}
    for (const command of [a, b, c]) {
      undo.push([command], command === c ? undefined : drop)
      await Promise.resolve()
    }
    const isTrashed = () => [a, b, c].map(({ id }) => picture(id)!.deletedAt !== null)
    undo.undo()
    assert.deepEqual(isTrashed(), [false, false, true])
    undo.undo()
    assert.deepEqual(isTrashed(), [true, true, true])
  })

  test('moves for one step are one step, until something else is done', async () => {
    const { undo, picture } = open()
    const [{ id }, other] = [add(), add()]
    const run = {}
    const does = async (command: Command, step?: object) => {
      undo.push([command], step)
      await nextTurn()
    }
    const moves = (x: number) => does({ kind: 'image.patch', id, set: { x, y: 1 } }, run)
    const back = () => {
      undo.undo()
      return picture(id)!.x
    }
    await does(add(id))
    await does(add(other.id))
    for (const x of [5, 6, 7]) await moves(x)
    assert.equal(back(), 1)
    undo.redo()
    assert.equal(picture(id)!.x, 7)
    for (const x of [8, 9]) await moves(x)
    assert.equal(back(), 7, 'what was done again is a step of its own')
    await moves(8)
    await does({ kind: 'image.patch', id, set: { caption: 'c' } })
    for (const x of [10, 11]) await moves(x)
    assert.equal(back(), 8, 'a caption came between')
    assert.equal(picture(id)!.caption, 'c')
  })

  test('G13: what others changed or deleted since stays, and is reported', async () => {
    const { undo, act, push, picture, overtaken } = open()
    const [a, b, c] = [add(), add(), add()]
    act(a, b, c)
    await nextTurn()
    act(
      { kind: 'image.patch', id: a.id, set: { x: 5, caption: 'mine' } },
      { kind: 'image.patch', id: b.id, set: { x: 5 } },
      { kind: 'image.patch', id: c.id, set: { x: 5 } },
    )
    push([{ kind: 'image.patch', id: a.id, set: { caption: 'theirs' } }])
    push([{ kind: 'image.patch', id: b.id, set: { x: 9 } }])
    push([{ kind: 'image.remove', id: c.id }])
    assert.equal(undo.undo(), true)
    const { x, caption } = picture(a.id)!
    assert.deepEqual({ x, caption }, { x: 1, caption: 'theirs' })
    assert.deepEqual([picture(b.id)!.x, picture(c.id)!.x], [9, 5])
    assert.deepEqual(overtaken[0]!.sort(), [a.id, b.id, c.id].sort())
    undo.redo()
    assert.equal(picture(a.id)!.x, 5)
    assert.equal(picture(a.id)!.caption, 'theirs')
  })

  test('G13: a step that others have overtaken is told, and no older one is taken back instead', async () => {
    const { undo, act, push, picture, overtaken } = open()
    const [a, b] = [add(), add()]
    act(a, b)
    await nextTurn()
    act({ kind: 'image.patch', id: a.id, set: { x: 5 } })
    await nextTurn()
    act({ kind: 'image.patch', id: b.id, set: { x: 6 } })
    await nextTurn()
    act({ kind: 'image.patch', id: b.id, set: { x: 7 } })
    push([{ kind: 'image.remove', id: b.id }])
    undo.undo()
    assert.equal(picture(a.id)!.x, 5)
    assert.deepEqual(overtaken, [[b.id]])
    undo.undo()
    undo.undo()
    assert.equal(picture(a.id)!.x, 1)
  })

  test('changes of pictures that are as they were are skipped', async () => {
    const { undo, act, push, picture } = open()
    const [a, b] = [add(), add()]
    act(a)
    await nextTurn()
    act(b)
    await nextTurn()
    act({ kind: 'image.patch', id: a.id, set: { x: 5 } })
    await nextTurn()
    act({ kind: 'image.patch', id: b.id, set: { x: 6 } })
    push([{ kind: 'image.patch', id: b.id, set: { x: 1 } }])
    undo.undo()
    assert.equal(picture(a.id)!.x, 1, 'the step before is taken back instead')
    push([{ kind: 'image.remove', id: b.id }])
    undo.undo()
    assert.equal(picture(a.id)!.deletedAt, 7, 'b is in the trash already')
  })

  test('G22: an undo that others have made impossible is no longer offered', async () => {
    const { undo, act, push, shown, told } = open()
    shown.on('records', () => undo.review())
    const picture = add()
    act(picture)
    assert.deepEqual([undo.canUndo, told()], [true, 1])
    await nextTurn()
    push([{ kind: 'image.remove', id: picture.id }])
    assert.deepEqual([undo.canUndo, told()], [false, 2])
    push([{ kind: 'image.restore', id: picture.id }])
    assert.deepEqual([undo.canUndo, told()], [true, 3])
  })

  test('P68: taking a restore back lays its picture as low again as it lay', async () => {
    const { undo, act, push, picture, overtaken } = open()
    const { id } = add()
    push([add(id), { kind: 'image.remove', id }])
    const before = picture(id)!.z
    act({ kind: 'image.restore', id })
    await nextTurn()
    // The server puts it on top.
    push([{ kind: 'image.patch', id, set: { z: 'a5' } }])
    undo.undo()
    assert.deepEqual([picture(id)!.deletedAt, picture(id)!.z], [7, before])
    undo.redo()
    assert.deepEqual([picture(id)!.deletedAt, picture(id)!.z], [null, 'a5'])
    undo.undo()
    assert.deepEqual([picture(id)!.deletedAt, picture(id)!.z], [7, before])
    assert.deepEqual(overtaken, [])
  })

  test('P68: a restore whose picture others have trashed again is no step to take back', async () => {
    const { undo, act, push, picture, overtaken } = open()
    const { id } = add()
    act(add(id))
    push([{ kind: 'image.remove', id }])
    await nextTurn()
    act({ kind: 'image.restore', id })
    await nextTurn()
    push([{ kind: 'image.remove', id }])
    assert.equal(undo.undo(), false)
    assert.equal(picture(id)!.deletedAt, 7)
    assert.deepEqual(overtaken, [])
  })

  test('G29: a purge is taken back while its pictures are there, and somebody has not done so', async () => {
    const { undo, act, push, picture } = open()
    const ids = [newId(1), newId(2)]
    push(ids.map((id) => add(id)))
    push(ids.map((id) => ({ kind: 'image.remove', id })))
    act(...ids.map((id): Command => ({ kind: 'image.purge', id })))
    await nextTurn()
    push([{ kind: 'image.keep', id: ids[0]! }])
    undo.review()
    assert.equal(undo.canUndo, true)
    push([{ kind: 'image.keep', id: ids[1]! }])
    undo.review()
    assert.equal(undo.canUndo, false)
    push([{ kind: 'image.purge', id: ids[1]! }])
    undo.review()
    assert.equal(undo.canUndo, true)
    undo.undo()
    assert.equal(picture(ids[1]!)?.purgeAt, null)
  })

  test('a new step ends what could be redone', async () => {
    const { undo, act } = open()
    const picture = add()
    act(picture)
    await nextTurn()
    undo.undo()
    assert.equal(undo.canRedo, true)
    act({ kind: 'board.patch', set: { title: 'T' } })
    assert.equal(undo.canRedo, false)
    assert.equal(undo.redo(), false)
  })
})
