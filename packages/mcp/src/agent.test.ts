import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { connect } from '@wirephoto/client'
import sharp from 'sharp'
import { InProcessServer } from '../../../test/support/in-process-server.ts'

const MAIN = resolve(import.meta.dirname, 'main.ts')
/** JPEG changes colours by a little. */
const TOLERANCE_COUNT = 12
const NOWHERE = '01890a5d-ac96-7b74-8d4a-000000000001'

interface Facts {
  readonly [fact: string]: unknown
  readonly id: string
}

let server: InProcessServer
let folder: string
let links: ReadonlyMap<string, string>
let board: string
const clients: Client[] = []

/** Starts the program as an agent's program does. Anything else on its stdout than the protocol is an error. */
async function start(address: string, ...flags: string[]): Promise<Client> {
  const client = new Client({ name: 'a test', version: '1' })
  clients.push(client)
  client.onerror = (error) => {
    throw error
  }
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [MAIN, ...flags],
      cwd: folder,
      env: { ...(process.env as Record<string, string>), WIREPHOTO_URL: address },
      stderr: 'inherit',
    }),
  )
  return client
}

async function call(client: Client, name: string, args: object = {}): Promise<CallToolResult> {
  return (await client.callTool({ name, arguments: { ...args } })) as CallToolResult
}

/** Calls a tool that must succeed. Returns the facts that it tells. */
async function ask(client: Client, name: string, args: object = {}): Promise<Facts> {
  const { content, isError } = await call(client, name, args)
  const text = content.find((each) => each.type === 'text')?.text ?? ''
  assert.ok(!isError, text)
  return JSON.parse(text) as Facts
}

/** Calls a tool that must be refused. Returns the code. */
async function codeOf(client: Client, name: string, args: object = {}): Promise<string> {
  const { content, isError } = await call(client, name, args)
  const text = content.find((each) => each.type === 'text')?.text ?? ''
  assert.equal(isError, true, text)
  return text.split(':')[0]!
}

const draw = async (background: string, width = 40, height = 40): Promise<string> =>
  (
    await sharp({ create: { width, height, channels: 3, background } })
      .png()
      .toBuffer()
  ).toString('base64')

describe('an agent at a board', () => {
  let editor: Client
  let adder: Client
  let viewer: Client

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wirephoto-agent-'))
    server = await InProcessServer.open({}, 1)
    const response = await fetch(`${server.url}/api/boards`, { method: 'POST' })
    const made = (await response.json()) as { id: string; links: { role: string; url: string }[] }
    board = made.id
    links = new Map(made.links.map(({ role, url }) => [role, url]))
    const [edit, add, view] = ['edit', 'add', 'view'].map((role) => links.get(role)!)
    ;[editor, adder, viewer] = await Promise.all([
      start(edit!, '--name', 'Robot'),
      start(add!),
      start(view!),
    ])
  })
  after(async () => {
    await Promise.all(clients.map((client) => client.close()))
    await server.close()
    await rm(folder, { recursive: true })
  })

  test('L67: the tools say honestly what they change', async () => {
    const { tools } = await editor.listTools()
    const reads = tools.filter(({ annotations }) => annotations?.readOnlyHint)
    assert.deepEqual(
      reads.map(({ name }) => name),
      ['look_at_board', 'look_at_picture', 'list_pictures', 'seen_by'],
    )
    const adds = tools.filter(({ annotations }) => annotations?.destructiveHint === false)
    assert.deepEqual(
      adds.map(({ name }) => name),
      ['add_picture', 'restore_pictures', 'show_on_screens'],
    )
  })

  test('L68, L69: what it adds is on the picture of the board, under its name, and listed', async () => {
    const red = await ask(editor, 'add_picture', {
      data: await draw('#c02020'),
      name: 'red.png',
      x: 0,
      y: 0,
      w: 100,
    })
    await writeFile(join(folder, 'blue.png'), Buffer.from(await draw('#2030c0'), 'base64'))
    const blue = await ask(editor, 'add_picture', {
      path: 'blue.png',
      caption: 'The sea',
      x: 200,
      y: 0,
      w: 100,
    })
    assert.deepEqual([red['by'], blue['name'], blue['caption']], ['Robot', 'blue.png', 'The sea'])

    const { content } = await call(viewer, 'look_at_board')
    const [image, text] = content
    assert.ok(image?.type === 'image' && text?.type === 'text')
    const { shown, right } = JSON.parse(text.text) as {
      shown: { id: string; px: number[] }[]
      right: string
    }
    assert.equal(right, 'view')
    const { data, info } = await sharp(Buffer.from(image.data, 'base64'))
      .raw()
      .toBuffer({ resolveWithObject: true })
    for (const [{ id }, colour] of [
      [red, [0xc0, 0x20, 0x20]],
      [blue, [0x20, 0x30, 0xc0]],
    ] as const) {
      const [left, top, width, height] = shown.find((each) => each.id === id)!.px as [
        number,
        number,
        number,
        number,
      ]
      const at = ((top + height / 2) * info.width + left + width / 2) * 3
      const isNear = colour.every((value, n) => Math.abs(data[at + n]! - value) <= TOLERANCE_COUNT)
      assert.ok(isNear, `${[...data.subarray(at, at + 3)]} is not ${colour}`)
    }

    const { found, pictures } = (await ask(viewer, 'list_pictures', {
      text: 'SEA',
      by: 'robot',
    })) as Facts & { found: number; pictures: Facts[] }
    assert.deepEqual([found, pictures[0]!.id], [1, blue.id])
    const looked = await call(viewer, 'look_at_picture', { id: blue.id })
    assert.deepEqual(
      looked.content.map(({ type }) => type),
      ['image', 'text'],
    )
  })

  test('L70: captions, places, rows, the trash, and undo of its own steps alone', async () => {
    const [one, two] = await Promise.all([
      ask(editor, 'add_picture', { data: await draw('#111'), x: 0, y: 500 }),
      ask(editor, 'add_picture', { data: await draw('#222'), x: 900, y: 900 }),
    ])
    const ids = [two.id, one.id]
    await ask(editor, 'caption_picture', { id: one.id, caption: 'Night' })
    await ask(editor, 'move_pictures', { moves: [{ id: one.id, x: 5, y: 600, w: 50 }] })
    const { pictures } = (await ask(editor, 'arrange_pictures', {
      ids,
      x: 1000,
      y: 1000,
    })) as Facts & { pictures: { id: string; x: number; y: number }[] }
    assert.deepEqual(
      pictures.map(({ id, y }) => [id, y]),
      ids.map((id) => [id, 1000]),
    )
    assert.ok(pictures[0]!.x < pictures[1]!.x)
    await ask(editor, 'remove_pictures', { ids })
    assert.equal((await ask(editor, 'list_pictures', { trash: true }))['found'], 2)
    await ask(editor, 'restore_pictures', { ids: [two.id] })
    await ask(adder, 'add_picture', { data: await draw('#333') })
    for (const undone of ['restore', 'remove', 'arrange'])
      assert.equal((await ask(editor, 'undo'))['undone'], true, undone)
    const { x, y, caption } = await ask(editor, 'look_at_picture', { id: one.id })
    assert.deepEqual([x, y, caption], [5, 600, 'Night'])
    const { arranged } = await ask(editor, 'arrange_pictures')
    assert.ok(Number(arranged) >= 4)
  })

  test('L71: a link allows no more than its role, and the refusal says so', async () => {
    const theirs = await ask(editor, 'add_picture', { data: await draw('#444') })
    const own = await ask(adder, 'add_picture', { data: await draw('#555') })
    await ask(adder, 'caption_picture', { id: own.id, caption: 'Mine' })
    assert.equal(
      await codeOf(adder, 'caption_picture', { id: theirs.id, caption: 'Mine' }),
      'not-allowed',
    )
    for (const [name, args] of [
      ['add_picture', { data: await draw('#666') }],
      ['caption_picture', { id: own.id, caption: '' }],
      ['move_pictures', { moves: [{ id: own.id, x: 0, y: 0 }] }],
      ['arrange_pictures', {}],
      ['remove_pictures', { ids: [own.id] }],
      ['show_on_screens', { id: own.id }],
    ] as const)
      assert.equal(await codeOf(viewer, name, args), 'not-allowed', name)
    assert.equal((await ask(viewer, 'undo'))['undone'], false)
  })

  test('L72: it adds files of its folder alone, and what is wrong is told', async () => {
    await mkdir(join(folder, 'inside'))
    const outside = await mkdtemp(join(tmpdir(), 'wirephoto-outside-'))
    await writeFile(join(outside, 'p.png'), Buffer.from(await draw('#777'), 'base64'))
    await symlink(join(outside, 'p.png'), join(folder, 'inside/link.png'))
    await writeFile(join(folder, 'notes.txt'), 'No picture at all.')
    try {
      for (const [args, code] of [
        [{ path: join(outside, 'p.png') }, 'not-allowed'],
        [{ path: 'inside/link.png' }, 'not-allowed'],
        [{ path: '../../etc/passwd' }, 'not-allowed'],
        [{ path: 'inside' }, 'unreadable'],
        [{ path: 'nothing.png' }, 'unreadable'],
        [{ path: 'notes.txt' }, 'not-a-picture'],
        [{ data: btoa('no picture') }, 'not-a-picture'],
        [{}, 'bad-request'],
      ] as const)
        assert.equal(await codeOf(editor, 'add_picture', args), code, JSON.stringify(args))
    } finally {
      await rm(outside, { recursive: true })
    }
    for (const [name, args] of [
      ['caption_picture', { id: NOWHERE, caption: '' }],
      ['remove_pictures', { ids: [NOWHERE] }],
      ['look_at_picture', { id: NOWHERE }],
    ] as const)
      assert.equal(await codeOf(editor, name, args), 'unknown-picture', name)
    for (const args of [
      { id: 'x', caption: '' },
      { id: NOWHERE },
      { id: NOWHERE, caption: 'c'.repeat(2_001) },
    ])
      assert.equal((await call(editor, 'caption_picture', args)).isError, true)
  })

  test('L73: people see it by its name, and it learns who has seen its pictures', async () => {
    await using person = await connect(links.get('own')!, { name: 'Anna' })
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = () => [...person.people.values()].some(({ name }) => name === 'Robot') && resolve()
    person.on('people', look)
    look()
    await promise
    const { id } = await ask(editor, 'add_picture', { data: await draw('#888') })
    for (;;) {
      // It may not be here yet.
      person.reportSeen([id])
      const { viewers } = (await ask(editor, 'seen_by', { id })) as Facts & {
        viewers: { name: string }[]
      }
      if (viewers.some(({ name }) => name === 'Anna')) break
    }
    const shown = new Promise((told) => person.on('show', told))
    await ask(editor, 'show_on_screens', { id })
    assert.equal(await shown, id)
  })

  test('L74: a server that is away is told, and the next call after it is back succeeds', async () => {
    await server.stop()
    assert.equal(await codeOf(editor, 'look_at_board'), 'no-answer')
    assert.equal(await codeOf(editor, 'add_picture', { data: await draw('#999') }), 'no-answer')
    await server.start()
    assert.ok(await ask(editor, 'list_pictures'))
  })

  test('L74: a link that has ended is told, by the code of the server', async () => {
    const owner = links.get('own')!.split('#')[1]!
    const headers = { authorization: `Bearer ${owner}` }
    const at = `${server.url}/api/boards/${board}/links`
    const listed = (await (await fetch(at, { headers })).json()) as {
      links: { id: string; role: string }[]
    }
    const view = listed.links.find(({ role }) => role === 'view')!
    assert.equal((await fetch(`${at}/${view.id}`, { method: 'DELETE', headers })).status, 204)
    for (;;) {
      const { isError, content } = await call(viewer, 'list_pictures')
      if (!isError) continue
      const [text] = content
      assert.match(text?.type === 'text' ? text.text : '', /^link-(ended|needed): /)
      break
    }
  })
})
