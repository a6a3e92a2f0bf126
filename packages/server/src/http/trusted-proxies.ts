import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import ipaddr from 'ipaddr.js'
import type { NodeRequests } from '../bus/node-requests.ts'
import { addressGroup } from './address-group.ts'

/** Names of address ranges, as in Express and Fastify. */
const RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

type Cidr = ReturnType<typeof ipaddr.parseCIDR>

/** The proxies whose word about a request's sender is taken. Everybody else's is ignored. */
export interface TrustedProxies {
  /** Returns whether the address is such a proxy's. */
  has(address: string | undefined): boolean
  /**
   * Returns the scheme by which the request came: to the proxy, if a trusted one says so, or by TLS to this process.
   * Null if neither is known.
   */
  schemeOf(request: IncomingMessage): 'http' | 'https' | null
  /** Returns whose share of the server the request uses: the address before the proxies, IPv6 by its /64. */
  addressOf(request: IncomingMessage): string
}

/** Makes the list from addresses, CIDR ranges, and the names of ranges. Throws a `RangeError` for another. */
export function trustedProxies(addresses: readonly string[]): TrustedProxies {
  const ranges = addresses.flatMap((text) => (RANGES[text] ?? [text]).map(rangeOf))
  const has = (address: string | undefined): boolean => {
    if (ranges.length === 0 || address === undefined || !ipaddr.isValid(address)) return false
    const parsed = ipaddr.process(address)
    return ranges.some((range) => parsed.kind() === range[0].kind() && parsed.match(range))
  }
  return {
    has,
    schemeOf({ socket, headers }) {
      if (!has(socket.remoteAddress)) return socket instanceof TLSSocket ? 'https' : null
      // Each proxy adds its own at the end, so the last one is the trusted one's.
      const last = String(headers['x-forwarded-proto'] ?? '')
        .split(',')
        .at(-1)!
        .trim()
        .toLowerCase()
      return last === 'http' || last === 'https' ? last : null
    },
    addressOf({ socket, headers }) {
      let address = socket.remoteAddress
      const senders = String(headers['x-forwarded-for'] ?? '').split(',')
      // Each proxy adds the address that it was asked from.
      while (has(address)) {
        const before = senders.pop()?.trim()
        if (before === undefined || !ipaddr.isValid(before)) break
        address = before
      }
      return addressGroup(address ?? '')
    },
  }
}

/** Makes proxies of other servers too: they name who has sent what they pass on. */
export function passedOnProxies(proxies: TrustedProxies, requests: NodeRequests): TrustedProxies {
  return {
    has: (address) => proxies.has(address),
    schemeOf(request) {
      const sender = requests.of(request)?.sender
      return sender ? (sender.isSecure ? 'https' : 'http') : proxies.schemeOf(request)
    },
    addressOf: (request) => requests.of(request)?.sender?.address ?? proxies.addressOf(request),
  }
}

function rangeOf(text: string): Cidr {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text)
  // Short forms of IPv4, such as `10`, are more likely mistakes.
  if (ipaddr.IPv6.isValid(text) || ipaddr.IPv4.isValidFourPartDecimal(text)) {
    const address = ipaddr.parse(text)
    return [address, address.kind() === 'ipv4' ? 32 : 128]
  }
  throw new RangeError(`${JSON.stringify(text)} is no address`)
}
