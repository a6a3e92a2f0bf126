import type { TestContext } from 'node:test'
import { addressGroup } from '../src/http/address-group.ts'
import { SlowClients } from '../src/http/slow-clients.ts'

/** Bounds slow clients by a clock of the test's own; without one by the real one. */
export function newSlowClients(
  t: TestContext,
  { max = 100, maxPerAddress = 100, now }: SlowBounds = {},
): SlowClients {
  const slowClients = new SlowClients({
    max,
    maxPerAddress,
    answerBytesPerMinute: 6_000,
    bodyBytesPerMinute: 6_000,
    addressOf: ({ socket }) => addressGroup(socket.remoteAddress),
    ...(now && { now }),
  })
  t.after(() => slowClients.close())
  return slowClients
}

interface SlowBounds {
  readonly max?: number
  readonly maxPerAddress?: number
  readonly now?: () => number
}
