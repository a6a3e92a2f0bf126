import { writeFile } from 'node:fs/promises'
import { connect } from '@wirephoto/client'
import { renderSVG } from 'uqr'

/*
 * Makes a board for a wedding or a conference. Guests add, a host decides, and a wall shows:
 *
 *   npx node examples/wall/party.ts http://localhost:8000 'Ada and Grace'
 */
const [server, title] = process.argv.slice(2)

interface Link {
  readonly id: string
  readonly role: string
  readonly url: string
}

const made = await ask<{ id: string; links: Link[] }>('POST', '/api/boards', { title })
const [host, guests, view] = ['own', 'add', 'view'].map(linkOf) as [Link, Link, Link]

// Pictures of guests wait until a host lets them in.
await using board = await connect(host.url)
board.set({ adding: 'held' })
await board.settled()

// The wall shows a code that lets guests add.
await ask('PATCH', `/api/boards/${made.id}/access`, { wallLink: guests.id })

const wall = new URL(view.url)
wall.pathname += '/show'
wall.search = '?slides=shuffled&pace=8'
await writeFile('guests.svg', renderSVG(guests.url))
console.log(`Wall    ${wall}`)
console.log(`Host    ${host.url}`)
console.log(`Guests  ${guests.url}, and as a code to print: guests.svg`)

/** Returns the link of a role. A server in your own network may call itself localhost: yours leads there too. */
function linkOf(role: string): Link {
  const { id, url } = made.links.find((each) => each.role === role)!
  return { id, role, url: url.replace(/^.*(?=\/b\/)/, server!) }
}

async function ask<T>(method: string, path: string, json: object): Promise<T> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (path !== '/api/boards') headers['authorization'] = `Bearer ${new URL(host.url).hash.slice(1)}`
  const response = await fetch(server + path, { method, headers, body: JSON.stringify(json) })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as T
}
