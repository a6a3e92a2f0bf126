import type { Plugin } from 'vite'

/** Modules of engine.io that the page goes without, and what stands in for each. */
const instead: Readonly<Record<string, string>> = {
  // Our line is a WebSocket from the first byte on.
  'transports/index.js': `import { WS } from './websocket.js'
    export const transports = { websocket: WS }`,
  // Browsers read addresses themselves.
  'contrib/parseuri.js': `export function parse(uri) {
    const { protocol, hostname, port, search } = new URL(uri)
    const host = hostname.replace(/[[\\]]/g, '')
    return { protocol: protocol.slice(0, -1), host, port, query: search.slice(1) }
  }`,
}

/** What the page needs of Socket.IO: no other transport, and no way in but the one that we take. */
export function websocketOnly(): Plugin {
  return {
    name: 'websocket-only',
    transform(code, id) {
      const [, file = ''] = /\/(?:engine|socket)\.io-client\/build\/esm\/(.+)$/.exec(id) ?? []
      if (instead[file]) return { code: instead[file], map: { mappings: '' } }
      // A module as a value needs help of the bundler's, which would be a file of its own.
      if (file === 'manager.js')
        return {
          code: code.replace(
            'import * as parser from "socket.io-parser"',
            'import { Decoder, Encoder } from "socket.io-parser"\nconst parser = { Decoder, Encoder }',
          ),
          map: null,
        }
      // What is exported by name alone, be it that it does something when it is imported.
      return file === 'index.js' || file.startsWith('transports/polling')
        ? { code, moduleSideEffects: false }
        : null
    },
  }
}
