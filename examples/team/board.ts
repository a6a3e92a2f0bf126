/*
 * Makes a board, and prints a link of each role:
 *
 *   npx node examples/team/board.ts http://localhost:8000 References
 */
const [server, title] = process.argv.slice(2)

const response = await fetch(`${server}/api/boards`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ title }),
})
if (!response.ok) throw new Error(await response.text())
const { links } = (await response.json()) as { links: { role: string; url: string }[] }
// A server in your own network may call itself localhost: the address that you gave leads there too.
for (const { role, url } of links) console.log(role.padEnd(4), url.replace(/^.*(?=\/b\/)/, server!))
