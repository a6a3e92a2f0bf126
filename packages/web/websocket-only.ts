import type { Plugin } from 'vite'

/** Modules of Engine.IO that the page does without, and their replacements. */
const instead: Readonly<Record<string, string>> = {
  // The page connects by WebSocket from the first byte on.
  'transports/index.js': `import { WS } from './websocket.js'
    export const transports = { websocket: WS }`,
  // Browsers read and write URLs themselves.
  'contrib/parseuri.js': 'export const parse = null',
  'contrib/parseqs.js': 'export const encode = null, decode = null',
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

/** New bodies of methods, by module: shorter for a WebSocket alone, or empty where nothing calls them. */
const bodies: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'socket.io-client/manager.js': {
    'reconnect()': '',
    'maybeReconnectOnOpen()': '',
    'onreconnect()': '',
  },
  // The SDK keeps what is unsent in its own queue, and listens to events by their names.
  'socket.io-client/socket.js': {
    'send(...args)': '',
    '_addToQueue(args)': '',
    '_drainQueue(force = false)': '',
    'compress(compress)': '',
    'onAny(listener)': '',
    'prependAny(listener)': '',
    'offAny(listener)': '',
    'listenersAny()': '',
    'onAnyOutgoing(listener)': '',
    'prependAnyOutgoing(listener)': '',
    'offAnyOutgoing(listener)': '',
    'listenersAnyOutgoing()': '',
    'notifyOutgoingListeners(packet)': '',
  },
  // A WebSocket has no upgrade, and no limit of bytes for one request.
  'engine.io-client/socket.js': {
    '_probe(name)': '',
    '_filterUpgrades(upgrades)': 'return []',
    '_getWritablePackets()': 'return this.writeBuffer',
    'onOpen()': "this.readyState = 'open'; this.emitReserved('open'); this.flush()",
    'close()': `
      const close = () => {
        this._onClose('forced close')
        this.transport.close()
      }
      if (this.readyState === 'opening' || this.readyState === 'open') {
        this.readyState = 'closing'
        if (this.writeBuffer.length) this.once('drain', close)
        else close()
      }
      return this`,
  },
  'engine.io-client/transports/websocket.js': {
    'uri()': "return this.opts.path + '?' + new URLSearchParams(this.query)",
  },
  'engine.io-client/transport.js': {
    'createUri(schema, query = {})': '',
    '_hostname()': '',
    '_port()': '',
    '_query(query)': '',
  },
}

/** The part of the engine's constructor that reads its address and its transports, and the page's: a whole URL. */
const ADDRESS = [
  '        if (uri && "object" === typeof uri) {',
  '        this.opts = Object.assign({',
] as const
const SHORT_ADDRESS = `
  installTimerFunctions(this, opts)
  opts.path = new URL(opts.path, uri.replace('http', 'ws')).href
  this.transports = opts.transports
  this._transportsByName = DEFAULT_TRANSPORTS
`
/** The part that reads a query and listens to the page's end, which the page has neither of. */
const QUERY = [
  '        if (typeof this.opts.query === "string") {',
  '            if (this.hostname !== "localhost") {',
] as const
const NO_QUERY = '        if (withEventListeners) {\n'

/** Reduces Socket.IO to the page's needs: the WebSocket transport and the manager. */
export function websocketOnly(): Plugin {
  return {
    name: 'websocket-only',
    transform(code, id) {
      const [, client = '', file = ''] =
        /\/((?:engine|socket)\.io-(?:client|parser))\/build\/esm\/(.+)$/.exec(id) ?? []
      if (instead[file]) return { code: instead[file], map: { mappings: '' } }
      const path = `${client}/${file}`
      const reduced = Object.entries(bodies[path] ?? {}).reduce(withBody, code)
      if (path === 'engine.io-client/socket.js')
        return {
          code: replace(replace(reduced, ADDRESS, SHORT_ADDRESS), QUERY, NO_QUERY),
          map: null,
        }
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

/** Returns a module's code with another body for a method. */
function withBody(code: string, [head, body]: [string, string]): string {
  return replace(code, [`    ${head} {\n`, '\n    }\n'], `    ${head} {${body}`)
}

/** Replaces what stands from one text up to another. Throws if they aren't there. */
function replace(code: string, [from, to]: readonly [string, string], by: string): string {
  const start = code.indexOf(from)
  const end = code.indexOf(to, start)
  if (start < 0 || end < 0) throw new Error(`Socket.IO has no ${from.trim()} any more`)
  return code.slice(0, start) + by + code.slice(end)
}
