import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

/*
 * Writes a line for each picture that comes onto a board, and posts it to a chat:
 *
 *   WIREPHOTO_URL=<the link of role own> npx node examples/team/receiver.ts 9000
 *
 * CHAT_URL is an incoming webhook of Slack, Mattermost or what speaks like them. Without it nothing is posted.
 */
const { WIREPHOTO_URL = '', CHAT_URL } = process.env
const port = Number(process.argv[2])
const link = new URL(WIREPHOTO_URL)
const webhooks = new URL(`${link.pathname.replace('/b/', '/api/boards/')}/webhooks`, link)
const headers = {
  authorization: `Bearer ${link.hash.slice(1)}`,
  'content-type': 'application/json',
}

interface Event {
  readonly type: 'stored' | 'removed'
  readonly picture: { readonly name: string; readonly by: string }
}

const server = createServer((request, response) => {
  receive(request).then(
    (isGenuine) => response.writeHead(isGenuine ? 204 : 403).end(),
    // Wirephoto sends it again.
    () => response.writeHead(502).end(),
  )
}).listen(port, '127.0.0.1')

// The server tells the key, which signs what it sends, here alone.
const body = JSON.stringify({ url: `http://127.0.0.1:${port}/` })
const response = await fetch(webhooks, { method: 'POST', headers, body })
if (!response.ok) throw new Error(await response.text())
const { id, key } = (await response.json()) as { id: string; key: string }
console.log(`Pictures of ${link.origin}${link.pathname} are told to port ${port}`)

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    server.close()
    void fetch(`${webhooks}/${id}`, { method: 'DELETE', headers })
  })

/** Returns whether it comes from the server. Rejects if the chat takes no line. */
async function receive(request: IncomingMessage): Promise<boolean> {
  const body = await text(request)
  const told = String(request.headers['wirephoto-signature'])
  const [, time, signature] = /^t=(\d+),v1=(\w+)$/.exec(told) ?? []
  const expected = createHmac('sha256', key).update(`${time}.${body}`).digest('hex')
  if (signature !== expected) return false
  const { type, picture } = JSON.parse(body) as Event
  if (type === 'stored') await post(`${picture.by || 'Somebody'} added ${picture.name}`)
  return true
}

async function post(line: string): Promise<void> {
  console.log(line)
  if (!CHAT_URL) return
  const response = await fetch(CHAT_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: line }),
  })
  if (!response.ok) throw new Error(await response.text())
}
