/** Names the browser's database for the server at `url`. Servers under other paths of the host have others. */
export function databaseName(name: string, url: string): string {
  const path = new URL(url).pathname.replace(/\/$/, '')
  return path === '' ? name : `${name} ${path}`
}
