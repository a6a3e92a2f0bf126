import type { Plugin } from 'vite'

/** Modules of Engine.IO that the page does without, and their replacements. */
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
  // A WebSocket carries bytes as they are, never as base64.
  'encodePacket.browser.js': `import { PACKET_TYPES } from './commons.js'
    export const encodePacket = ({ type, data }, _, send) =>
      send(typeof data === 'object' ? data : PACKET_TYPES[type] + (data || ''))
    export { encodePacket as encodePacketToBinary }`,
  'decodePacket.browser.js': `import { ERROR_PACKET, PACKET_TYPES_REVERSE } from './commons.js'
    export const decodePacket = (data) => {
      if (typeof data !== 'string') return { type: 'message', data }
      const type = PACKET_TYPES_REVERSE[data[0]]
      if (!type) return ERROR_PACKET
      return data.length > 1 ? { type, data: data.slice(1) } : { type }
    }`,
  'contrib/parseqs.js': `export const encode = (query) => String(new URLSearchParams(query))
    export const decode = (text) => Object.fromEntries(new URLSearchParams(text))`,
  // Browsers' WebSockets have no options, and need no packets counted.
  'util.js': `export const pick = () => ({})
    export const byteLength = () => 0
    export const randomString = () => ''
    export const installTimerFunctions = (target) => {
      target.setTimeoutFn = setTimeout.bind(globalThis)
      target.clearTimeoutFn = clearTimeout.bind(globalThis)
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

/** Methods that nothing here calls, or that have nothing to do, by module. A bundler can't tell. */
const unused: Readonly<Record<string, readonly string[]>> = {
  // The SDK reconnects by its own timer, and keeps what is unsent in its own queue.
  'socket.io-client/manager.js': ['reconnect()', 'maybeReconnectOnOpen()', 'onreconnect()'],
  'socket.io-client/socket.js': [
    'send(...args)',
    '_addToQueue(args)',
    '_drainQueue(force = false)',
    'compress(compress)',
    'onAny(listener)',
    'prependAny(listener)',
    'offAny(listener)',
    'listenersAny()',
    'onAnyOutgoing(listener)',
    'prependAnyOutgoing(listener)',
    'offAnyOutgoing(listener)',
    'listenersAnyOutgoing()',
    'notifyOutgoingListeners(packet)',
  ],
  // A WebSocket has no upgrade, so nothing probes for one.
  'engine.io-client/socket.js': ['_probe(name)'],
}

/** Reduces Socket.IO to the page's needs: the WebSocket transport and the manager. */
export function websocketOnly(): Plugin {
  return {
    name: 'websocket-only',
    transform(code, id) {
      const [, client = '', file = ''] =
        /\/((?:engine|socket)\.io-(?:client|parser))\/build\/esm\/(.+)$/.exec(id) ?? []
      if (instead[file]) return { code: instead[file], map: { mappings: '' } }
      const reduced = (unused[`${client}/${file}`] ?? []).reduce(withoutMethod, code)
      // A namespace used as a value needs a helper of the bundler's, which would be one more file.
      if (file === 'manager.js')
        return {
          code: reduced.replace(
            'import * as parser from "socket.io-parser"',
            'import { Decoder, Encoder } from "socket.io-parser"\nconst parser = { Decoder, Encoder }',
          ),
          map: null,
        }
      if (reduced !== code) return { code: reduced, map: null }
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
