import type { Plugin } from 'vite'

/**
 * What the page needs of Socket.IO. Our line is a WebSocket from the first byte on: the other transports
 * of engine.io stay out, and so does the way in by `io`, which guesses where the server may be.
 */
export function websocketOnly(): Plugin {
  return {
    name: 'websocket-only',
    transform(code, id) {
      const [, file] = /\/(?:engine|socket)\.io-client\/build\/esm\/(.+)$/.exec(id) ?? []
      if (file === 'transports/index.js')
        return {
          code: `import { WS } from './websocket.js'\nexport const transports = { websocket: WS }`,
          map: { mappings: '' },
        }
      // A module as a value needs the bundler's help, which would be a file of its own.
      if (file === 'manager.js')
        return {
          code: code.replace(
            `import * as parser from "socket.io-parser"`,
            `import { Decoder, Encoder } from "socket.io-parser"\nconst parser = { Decoder, Encoder }`,
          ),
          map: null,
        }
      // It listens for `unload` as soon as it is imported, and it is exported by name.
      return file?.startsWith('transports/polling') || file === 'index.js'
        ? { code, moduleSideEffects: false }
        : null
    },
  }
}
