import type { Plugin } from 'vite'

/** Our line is a WebSocket from the first byte on: the other transports of engine.io stay out of the page. */
export function websocketOnly(): Plugin {
  return {
    name: 'websocket-only',
    transform(code, id) {
      const [, file] = /\/engine\.io-client\/build\/esm\/transports\/(.+)$/.exec(id) ?? []
      if (file === 'index.js')
        return {
          code: `import { WS } from './websocket.js'\nexport const transports = { websocket: WS }`,
          map: { mappings: '' },
        }
      // It listens for `unload` as soon as it is imported, and it is exported by name.
      return file?.startsWith('polling') ? { code, moduleSideEffects: false } : null
    },
  }
}
