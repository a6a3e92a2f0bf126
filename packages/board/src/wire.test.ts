import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { generateKeyBetween } from 'fractional-indexing'
import type * as z from 'zod/mini'
import { toJSONSchema } from 'zod/v4/core'
import type { Batch } from './changes.ts'
import { ClientCommand } from './command-schemas.ts'
import type { Command, CommandAnswer, CommandMessage, ServerCommand } from './commands.ts'
import type { ErrorCode } from './error-codes.ts'
import { uuidv7 } from './ids.ts'
import { limits } from './limits.ts'
import { WIRE_VERSION } from './version.ts'
import {
  type Answer,
  Changes,
  Commands,
  type ErrorBody,
  Follow,
  Hello,
  Presence,
  SeenReport,
  SenderPreviews,
  SenderReport,
  type Snapshot,
  wireSchemas,
} from './wire.ts'

/** The hash of each wire version's schemas. A changed schema gets a new version and a new line. */
const PINNED: Record<number, string> = {
  1: '4bc442e2444c7607',
  2: 'b0c2116e2ccf79ce',
  3: '7500475ab13dacb7',
  4: 'd9cc2768c0743a1c',
  5: '8c8dc84649a1b47b',
  6: '16ee2577c1fcb9f8',
  7: 'be7bf853e130f69e',
  8: 'dbaccdadf9c71f17',
  9: '3b605af6ce093e52',
  10: 'a21a67a46de30106',
  11: 'e27b21781745bc7e',
  12: '28ca6b60152d3b66',
  13: '9027b5bc6f3a6e1e',
  14: '3fb92baceea00135',
  15: 'b538a9d5cf877ad6',
  16: '9f8ee5efeae8da8e',
  17: '7472ac5befd90eee',
  18: 'f7cd12df6b97885f',
  19: '6c6fc92d630c243c',
  20: '63a633436e8d0713',
  21: 'e5dd5927e1b6518e',
  22: '7cdf0412106c1aa7',
  23: '9b9481f68f996d5c',
}

const id = uuidv7(1, new Uint8Array(10).fill(0xab))
const add = { kind: 'image.add', id, width: 40, height: 30, name: 'a.jpg' }
const nobody = { name: '', cursor: null, selection: [], drag: null }
const patch = (set: unknown) => ({ kind: 'image.patch', id, set })
const accepts = (schema: z.ZodMiniType, value: unknown): boolean => schema.safeParse(value).success

test('W7: the wire version is pinned to its schemas', () => {
  const schemas = Object.entries(wireSchemas).map(([name, schema]) => [
    name,
    toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }),
  ])
  const hash = createHash('sha256').update(JSON.stringify(schemas)).digest('hex').slice(0, 16)
  assert.equal(hash, PINNED[WIRE_VERSION], 'a schema has changed: raise WIRE_VERSION and pin this')
})

/** The same type but for `readonly`, which schemas don't say. */
type Plain<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer U)[]
    ? Plain<U>[]
    : { -readonly [K in keyof T]: Plain<T[K]> }
type Same<A, B> = [Plain<A>] extends [Plain<B>]
  ? [Plain<B>] extends [Plain<A>]
    ? true
    : false
  : false
/** An error code is a string to the schema: a newer server may have more of them. */
type Coded<T> = T extends ErrorCode
  ? string
  : T extends readonly (infer U)[]
    ? Coded<U>[]
    : T extends object
      ? { [K in keyof T]: Coded<T[K]> }
      : T
const isSame = <_T extends true>() => {}

test('the schemas say what the types say', () => {
  isSame<Same<z.infer<typeof ClientCommand>, Exclude<Command, ServerCommand>>>()
  isSame<Same<z.infer<typeof Commands>['client'], CommandMessage['client']>>()
  isSame<Same<z.infer<typeof Changes>, Batch>>()
  isSame<Same<z.infer<(typeof wireSchemas)['Snapshot']>, Snapshot>>()
  isSame<Same<Pick<z.infer<typeof Answer>, 'n' | 'seq'>, Pick<CommandAnswer, 'n' | 'seq'>>>()
  type Refused = Pick<z.infer<typeof Answer>['refused'][number], 'n'>
  isSame<Same<Refused, Pick<CommandAnswer['refused'][number], 'n'>>>()
  isSame<Same<Coded<{ code: ErrorCode; message: string }>, Omit<ErrorBody['error'], 'expected'>>>()
  // @ts-expect-error: the check can fail.
  isSame<Same<{ a?: string }, { a?: number }>>()
})

describe('F8: what a browser may send', () => {
  test('whatever our own code makes is taken', () => {
    for (const command of [
      add,
      { ...add, x: -1.5, y: 2e6, w: 0.1, caption: 'c', thumbhash: '3OcRJYB4d3h/iIeHeEh3eIhw+j2w' },
      patch({ x: 1 }),
      patch({ z: 'a0', caption: '' }),
      patch({}),
      { kind: 'image.remove', id },
      { kind: 'image.restore', id },
      { kind: 'image.purge', id },
      { kind: 'image.keep', id },
      { kind: 'image.copy', id, sourceId: id, x: 1, y: 2 },
      { kind: 'board.patch', set: { trashDays: 7, keepMetadata: true } },
      { kind: 'board.patch', set: { title: 'T' } },
    ])
      assert.ok(accepts(ClientCommand, command), JSON.stringify(command))
    assert.ok(accepts(Hello, { board: 'main', wire: 1 }))
    assert.ok(accepts(Presence, { ...nobody, name: 'Anna' }))
    assert.ok(accepts(Presence, { ...nobody, drag: { [id]: { x: 1, y: 2 } } }))
    assert.ok(accepts(Presence, { ...nobody, drag: { [id]: { x: 1, y: 2, w: 0.5 } } }))
    assert.equal(accepts(Presence, { ...nobody, drag: { [id]: { x: 1, y: 2, w: 0 } } }), false)
    assert.ok(accepts(SenderReport, { [id]: { state: 'retrying', wait: 4_000 } }))
    assert.ok(accepts(SeenReport, { ids: [id] }))
  })

  test('R5: nobody but the server settles, varies or fails, or names a blob', () => {
    for (const kind of [
      'image.settle',
      'image.replace',
      'image.vary',
      'image.fail',
      'image.explode',
      '__proto__',
    ])
      assert.equal(accepts(ClientCommand, { ...add, kind }), false, kind)
    for (const field of [
      'blob',
      'variants',
      'type',
      'bytes',
      'author',
      'deletedAt',
      'createdAt',
      'id',
      'kind',
    ])
      assert.equal(accepts(ClientCommand, patch({ [field]: 'x' })), false, field)
    for (const field of ['blob', 'author', 'deletedAt', 'file', 'colour'])
      assert.equal(accepts(ClientCommand, { ...add, [field]: 'x' }), false, `F14: ${field}`)
  })

  test('numbers are numbers, within reach', () => {
    for (const bad of [
      Number.NaN,
      Infinity,
      -Infinity,
      '1',
      null,
      [],
      1e300,
      -1e300,
      10_000_001n,
    ]) {
      for (const field of ['x', 'y', 'w'])
        assert.equal(accepts(ClientCommand, patch({ [field]: bad })), false, `${field} ${bad}`)
      assert.equal(accepts(Presence, { ...nobody, drag: { [id]: { x: bad, y: 0 } } }), false)
    }
    for (const bad of [0, -1, 1.5, limits.maxSidePixels + 1, Number.NaN, '40', null])
      for (const field of ['width', 'height'])
        assert.equal(accepts(ClientCommand, { ...add, [field]: bad }), false, `${field} ${bad}`)
    for (const bad of [0, -1, limits.maxPictureWidth + 1])
      assert.equal(accepts(ClientCommand, patch({ w: bad })), false, `w ${bad}`)
    for (const n of [0, -1, 1.5, 2 ** 53, Number.NaN])
      assert.equal(accepts(Commands, { client: id, n, commands: [add] }), false, `n ${n}`)
  })

  test('R7: a z is a key that the next can be made from', () => {
    const nearly = 'a b0 a00 a10 z 0 A ä0 a1000 __proto__'.split(' ')
    const outermost = ['z'.repeat(27), `A${'0'.repeat(25)}1`]
    for (const bad of ['', ' a0', 'a0 ', 'a 0', 'a0\0', 'a1'.repeat(101), ...nearly, ...outermost])
      assert.equal(accepts(ClientCommand, patch({ z: bad })), false, JSON.stringify(bad))
    // Like keys, which most strings aren't.
    const key = fc.stringMatching(/^[A-Za-z][0-9A-Za-z]{0,30}$/)
    fc.assert(
      fc.property(fc.oneof(key, fc.string()), fc.oneof(key, fc.string()), (a, b) => {
        if (!accepts(ClientCommand, patch({ z: a }))) return
        assert.ok(generateKeyBetween(a, null) > a)
        assert.ok(generateKeyBetween(null, a) < a)
        assert.ok(generateKeyBetween(a, null).length <= a.length + 1)
        if (b <= a || !accepts(ClientCommand, patch({ z: b }))) return
        const between = generateKeyBetween(a, b)
        assert.ok(a < between && between < b)
      }),
      { numRuns: 2_000 },
    )
  })

  test("keys of every object's own prototype are not special", () => {
    for (const key of ['__proto__', 'constructor', 'toString']) {
      const drag = JSON.parse(`{"${key}":{"x":1,"y":2}}`)
      const heard = Presence.safeParse({ ...nobody, drag })
      assert.deepEqual(Reflect.ownKeys(heard.data?.drag ?? {}), [], key)
      assert.equal(
        accepts(
          ClientCommand,
          JSON.parse(`{"kind":"image.patch","id":"${id}","set":{"${key}":1}}`),
        ),
        false,
      )
      assert.equal(accepts(ClientCommand, { kind: 'image.remove', id: key }), false)
    }
    ClientCommand.safeParse(
      JSON.parse(`{"kind":"image.remove","id":"${id}","__proto__":{"polluted":1}}`),
    )
    assert.equal('polluted' in {}, false)
  })

  test('nothing is longer than it may be', () => {
    const long = (length: number) => 'x'.repeat(length)
    assert.ok(accepts(ClientCommand, patch({ caption: long(limits.captionLength) })))
    assert.equal(accepts(ClientCommand, patch({ caption: long(limits.captionLength + 1) })), false)
    assert.equal(accepts(ClientCommand, { ...add, name: long(limits.fileNameLength + 1) }), false)
    assert.equal(accepts(ClientCommand, { ...add, thumbhash: 'A'.repeat(49) }), false)
    const title = (length: number) => ({ kind: 'board.patch', set: { title: long(length) } })
    assert.ok(accepts(ClientCommand, title(limits.titleLength)))
    assert.equal(accepts(ClientCommand, title(limits.titleLength + 1)), false)
    const message = (count: number) => ({ client: id, n: 1, commands: Array(count).fill(add) })
    assert.ok(accepts(Commands, message(limits.commandsPerMessage)))
    assert.equal(accepts(Commands, message(limits.commandsPerMessage + 1)), false)
    assert.equal(accepts(Commands, message(0)), false)
    const drag = (count: number) => {
      const ids = Array.from({ length: count }, (_, n) => uuidv7(n, new Uint8Array(10)))
      return { ...nobody, drag: Object.fromEntries(ids.map((each) => [each, { x: 0, y: 0 }])) }
    }
    assert.ok(accepts(Presence, drag(limits.draggedPictureCount)))
    assert.equal(accepts(Presence, drag(limits.draggedPictureCount + 1)), false)
    assert.equal(accepts(Presence, { ...nobody, name: long(limits.personNameLength + 1) }), false)
    const ids = (count: number) => Object.keys(drag(count).drag)
    assert.ok(accepts(SeenReport, { ids: ids(limits.picturesPerReport) }))
    assert.equal(accepts(SeenReport, { ids: ids(limits.picturesPerReport + 1) }), false)
    const sending = (count: number) =>
      Object.fromEntries(ids(count).map((each) => [each, { state: 'failed' }]))
    assert.ok(accepts(SenderReport, sending(limits.picturesPerReport)))
    assert.equal(accepts(SenderReport, sending(limits.picturesPerReport + 1)), false)
  })

  test('A1: previews are bytes, few and small', () => {
    const some = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, n) => [uuidv7(n, new Uint8Array(10)), new Uint8Array(1)]),
      )
    assert.ok(accepts(SenderPreviews, { [id]: new Uint8Array(limits.previewBytes) }))
    assert.ok(accepts(SenderPreviews, some(limits.previewsPerMessage)))
    assert.equal(accepts(SenderPreviews, some(limits.previewsPerMessage + 1)), false)
    for (const bad of [
      new Uint8Array(limits.previewBytes + 1),
      new Uint8Array(),
      'aGk=',
      [1],
      null,
    ])
      assert.equal(accepts(SenderPreviews, { [id]: bad }), false)
  })

  test('ids, boards and cursors are what they look like', () => {
    for (const bad of [
      '',
      'x',
      id.toUpperCase(),
      `${id}\n`,
      `${id}0`,
      '../../etc',
      7,
      null,
      {},
      [id],
    ]) {
      assert.equal(
        accepts(ClientCommand, { kind: 'image.remove', id: bad }),
        false,
        JSON.stringify(bad),
      )
      assert.equal(
        accepts(Commands, { client: bad, n: 1, commands: [add] }),
        false,
        JSON.stringify(bad),
      )
    }
    const v4 = '9b2f7c1e-3d4a-4f5b-8c6d-7e8f9a0b1c2d'
    assert.equal(accepts(ClientCommand, { kind: 'image.remove', id: v4 }), false)
    for (const board of ['', '../x', 'a b', 'a'.repeat(65), 'ä', 'a\n', 7, null])
      assert.equal(accepts(Hello, { board, wire: 1 }), false, JSON.stringify(board))
    for (const cursor of ['', 'x', 'a.b.c', 7, null, { seq: 1 }])
      assert.equal(accepts(Follow, { cursor }), false, JSON.stringify(cursor))
  })

  test('anything at all is taken or refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (value) => {
        for (const schema of Object.values(wireSchemas)) accepts(schema, value)
        accepts(Commands, { client: id, n: 1, commands: [value] })
        accepts(ClientCommand, patch(value))
        accepts(Presence, { ...nobody, drag: value })
      }),
    )
  })
})
