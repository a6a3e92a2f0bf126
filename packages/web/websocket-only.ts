import type { Plugin } from 'vite'

/** Modules of engine.io that the page does without, and their replacements. */
const instead: Readonly<Record<string, string>> = {
  // The page connects by WebSocket from the first byte on.
  'transports/index.js': `import { WS } from './websocket.js'
    export const transports = { websocket: WS }`,
  // Browsers parse URLs themselves.
  'contrib/parseuri.js': `export function parse(uri) {
    const { protocol, hostname, port, search } = new URL(uri)
    const host = hostname.replace(/[[\\]]/g, '')
    return { protocol: protocol.slice(0, -1), host, port, query: search.slice(1) }
  }`,
  // The SDK reconnects by its own timer, never by the manager's.
  'contrib/backo2.js': `export class Backoff {
    attempts = 0
    setMin() {}
    setMax() {}
    setJitter() {}
    reset() {}
  }`,
}

/** Reduces Socket.IO to the page's needs: the WebSocket transport and the manager. */
export function websocketOnly(): Plugin {
  return {
    name: 'websocket-only',
    transform(code, id) {
      const [, file = ''] = /\/(?:engine|socket)\.io-client\/build\/esm\/(.+)$/.exec(id) ?? []
      if (instead[file]) return { code: instead[file], map: { mappings: '' } }
      // A namespace used as a value needs a helper of the bundler's, which would be one more file.
      if (file === 'manager.js')
        return {
          code: withoutMethod(code, 'reconnect()').replace(
            'import * as parser from "socket.io-parser"',
            'import { Decoder, Encoder } from "socket.io-parser"\nconst parser = { Decoder, Encoder }',
          ),
          map: null,
        }
      // A WebSocket has no upgrade, so nothing probes for one.
      if (file === 'socket.js' && code.includes('_probe(name)'))
        return { code: withoutMethod(code, '_probe(name)'), map: null }
      // These files only export, so what nobody imports can go.
      return file === 'index.js' || file.startsWith('transports/polling')
        ? { code, moduleSideEffects: false }
        : null
    },
  }
}

/** Returns a module's code with the body of a method left out. */
function withoutMethod(code: string, head: string): string {
  const start = code.indexOf(`    ${head} {\n`)
  const end = code.indexOf('\n    }\n', start)
  if (start < 0 || end < 0) throw new Error(`Socket.IO has no ${head} any more`)
  return `${code.slice(0, start)}    ${head} {${code.slice(end)}`
}
