import type { IncomingMessage } from 'node:http'
import type { NodeServer } from '../config.ts'
import { isUnder } from '../public-url.ts'
import { isWebSocket } from './http-server.ts'

/** The events by which a server passes a request on. */
const REQUEST_EVENTS: ReadonlySet<string | symbol> = new Set([
  'request',
  'checkContinue',
  'upgrade',
])

interface AttachOptions {
  /** The path under which all requests are ours; empty if all requests are. */
  readonly basePath: string
  /** The paths of our websockets, below the base path. */
  readonly socketPaths: readonly string[]
}

/**
 * Hands the requests and websockets that are ours from somebody else's server on to `ours`, until it is disposed.
 *
 * It comes before their listeners, those of later too. A websocket server on theirs refuses what it doesn't know, and
 * would refuse ours. All else goes to theirs as before.
 */
export function attach(
  theirs: NodeServer,
  ours: NodeServer,
  { basePath, socketPaths }: AttachOptions,
): Disposable {
  let isAttached = true
  const isOurs = ({ url = '/' }: IncomingMessage) => isAttached && isUnder(url, basePath)
  const isOurSocket = ({ url = '/' }: IncomingMessage) =>
    isAttached && socketPaths.some((path) => isUnder(url, basePath + path))

  const server = theirs as NodeServer & Upgrading
  const { emit, shouldUpgradeCallback: shouldUpgrade } = server
  const emitFirst = (event: string | symbol, ...args: unknown[]): boolean => {
    const isFor = event === 'upgrade' ? isOurSocket : isOurs
    if (REQUEST_EVENTS.has(event) && isFor(args[0] as IncomingMessage))
      return ours.emit(event as string, ...args)
    return Reflect.apply(emit, theirs, [event, ...args]) as boolean
  }
  const shouldUpgradeFirst: Upgrading['shouldUpgradeCallback'] = (request) => {
    if (isOurSocket(request)) return isWebSocket(request)
    // Without a listener of theirs, an offer is a plain request.
    return theirs.listenerCount('upgrade') > 1 && Reflect.apply(shouldUpgrade, theirs, [request])
  }
  // Node closes a websocket that nobody listens for.
  const listen = () => {}
  theirs.on('upgrade', listen)
  Object.assign(server, { emit: emitFirst, shouldUpgradeCallback: shouldUpgradeFirst })
  return {
    [Symbol.dispose]() {
      isAttached = false
      theirs.off('upgrade', listen)
      // Others may have come before it meanwhile, who call it still.
      if (server.emit === emitFirst) Object.assign(server, { emit })
      if (server.shouldUpgradeCallback === shouldUpgradeFirst)
        Object.assign(server, { shouldUpgradeCallback: shouldUpgrade })
    },
  }
}

/** A server's decision whether to upgrade a request, which Node's types lack. */
interface Upgrading {
  shouldUpgradeCallback: (request: IncomingMessage) => boolean
}
