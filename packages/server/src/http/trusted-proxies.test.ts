import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { WIRE_VERSION } from '@wirephoto/board'
import { io } from 'socket.io-client'
import { serverConfig } from '../../support/server-config.ts'
import { createWirephoto } from '../wirephoto.ts'
import { trustedProxies } from './trusted-proxies.ts'

async function start(t: TestContext, trustProxy: readonly string[]) {
  const data = await mkdtemp(join(tmpdir(), 'wirephoto-server-'))
  const publicUrl = 'https://board.example'
  const server = await createWirephoto(serverConfig(data, { publicUrl, trustProxy }))
  t.after(async () => {
    await server.close()
    await rm(data, { recursive: true, force: true })
  })
  const origin = `http://127.0.0.1:${server.port}`
  return {
    origin,
    /** Returns the cookie that a new visitor gets. */
    async cookie(headers: Record<string, string> = {}): Promise<string> {
      const response = await fetch(`${origin}/api/boards/main/snapshot`, { headers })
      return response.headers.get('set-cookie') ?? ''
    },
    /** Resolves to whether a page of this origin may open a socket. */
    async mayConnect(extraHeaders: Record<string, string>): Promise<boolean> {
      const socket = io(origin, {
        path: '/live',
        transports: ['websocket'],
        auth: { board: 'main', wire: WIRE_VERSION },
        extraHeaders,
        forceNew: true,
        reconnection: false,
      })
      const isOpen = await new Promise<boolean>((resolve) => {
        socket.on('connect', () => resolve(true))
        socket.on('connect_error', () => resolve(false))
      })
      socket.close()
      return isOpen
    },
  }
}

test('H17, H18: a trusted proxy says that a visitor asks by https', async (t) => {
  const { origin, cookie, mayConnect } = await start(t, ['loopback'])
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' }
  assert.match(await cookie(forwarded), /; Secure/)
  assert.doesNotMatch(await cookie(), /; Secure/, 'the same server at its LAN address')
  const page = { origin: origin.replace('http:', 'https:'), ...forwarded }
  assert.equal(await mayConnect(page), true)
})

test('H18: the same headers of somebody else change nothing', async (t) => {
  const { origin, cookie, mayConnect } = await start(t, ['192.0.2.1'])
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.1' }
  assert.doesNotMatch(await cookie(forwarded), /; Secure/)
  const page = { origin: origin.replace('http:', 'https:'), ...forwarded }
  assert.equal(await mayConnect(page), false)
  assert.equal(await mayConnect({ ...forwarded, origin }), true)
})

test('Y21: a bound goes by the address before the trusted proxies, IPv6 by its /64', () => {
  const from = (remoteAddress: string, forwarded?: string) =>
    trustedProxies(['loopback', '10.0.0.0/8']).addressOf({
      socket: { remoteAddress },
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    } as unknown as IncomingMessage)
  assert.equal(from('203.0.113.7', '192.0.2.1'), '203.0.113.7', 'no proxy of ours')
  assert.equal(from('127.0.0.1', '192.0.2.1, 203.0.113.7'), '203.0.113.7', 'the last word counts')
  assert.equal(from('127.0.0.1', '192.0.2.1, 203.0.113.7, 10.1.1.1'), '203.0.113.7')
  assert.equal(from('127.0.0.1', 'nonsense'), '127.0.0.1')
  assert.equal(from('::1', '2001:db8:1:2:3::4'), from('2001:db8:1:2:ffff::9'))
  assert.equal(from('::ffff:192.0.2.1'), '192.0.2.1')
})
