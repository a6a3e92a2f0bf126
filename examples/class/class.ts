import { appendFile, readFile } from 'node:fs/promises'

/*
 * Makes a board for each group of a class, and prints where each one joins:
 *
 *   npx node examples/class/class.ts http://localhost:8000 Volcanoes Rivers
 *
 * The owner links are kept in class.txt. Without groups it prints the codes of today for those in there: a code ends
 * after an hour.
 */
const [server, ...groups] = process.argv.slice(2)

for (const title of groups) {
  const made = await ask<Made>('POST', '/api/boards', '', { title })
  const [owner, adding] = ['own', 'add'].map(
    (role) => made.links.find((each) => each.role === role)!,
  )
  await appendFile('class.txt', `${owner!.url.replace(/^.*(?=\/b\/)/, server!)} ${title}\n`)
  // Its code lets those who join add pictures.
  const secret = owner!.url.split('#')[1]!
  await ask('PATCH', `/api/boards/${made.id}/access`, secret, { wallLink: adding!.id })
}

for (const line of (await readFile('class.txt', 'utf8')).trim().split('\n')) {
  const [, id, secret, title] = /\/b\/([^#]+)#(\S+) (.*)/.exec(line)!
  const { url } = await ask<{ url: string }>('GET', `/api/boards/${id}/join-code`, secret!)
  // A server in your own network may call itself localhost: the address that you gave leads there too.
  console.log(`${title}: ${url.replace(/^.*(?=\/j\/)/, server!)}`)
}

interface Made {
  readonly id: string
  readonly links: readonly { readonly id: string; readonly role: string; readonly url: string }[]
}

async function ask<T>(method: string, path: string, secret: string, json?: object): Promise<T> {
  const response = await fetch(server + path, {
    method,
    headers: {
      ...(secret && { authorization: `Bearer ${secret}` }),
      ...(json && { 'content-type': 'application/json' }),
    },
    ...(json && { body: JSON.stringify(json) }),
  })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as T
}
