import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

/*
 * A client that doesn't keep to PROTOCOL.md, which shows that the suite finds that. It adds a picture under another
 * id each time, sends only the last frame, tells changes without the picture before, and lists no live slots.
 */

interface Picture {
  readonly id: string
}

const [command, address = '', ...rest] = process.argv.slice(2)
const board = address.replace('/b/', '/api/boards/')
const headers = { authorization: `Bearer ${process.env['WIREPHOTO_TOKEN']}` }

if (command === 'push') {
  const body = await readFile(rest[0]!)
  const response = await fetch(`${board}/images`, { method: 'POST', headers, body })
  const text = await response.text()
  if (response.ok) console.log(text)
  else {
    console.error(text)
    process.exitCode = 1
  }
} else if (command === 'slot') {
  const body = await readFile(rest.at(-1)!)
  await fetch(`${address}/live/${rest[0]}`, { method: 'PUT', headers, body })
} else if (command === 'changes') {
  const known = new Map<string, string>()
  console.log(JSON.stringify({ following: true, pictures: 0 }))
  for (;;) {
    const response = await fetch(`${board}/snapshot`, { headers })
    const { records } = (await response.json()) as { records: Picture[] }
    for (const record of records) {
      const now = JSON.stringify(record)
      if (known.get(record.id) !== now) console.log(`{"old":null,"new":${now}}`)
      known.set(record.id, now)
    }
    await setTimeout(100)
  }
}
