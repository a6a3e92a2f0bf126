import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'

/** The part of an IPv6 address that a network gives to one customer, who chooses the rest. */
const IPV6_PREFIX_BYTES = 8

/** Each request and each message asks for its own, so they are kept: the latest ones. */
const KEPT_GROUPS_COUNT = 1_000
const groups = new LRUCache<string, string>({ max: KEPT_GROUPS_COUNT })

/** Returns the name under which an address is counted: IPv4 as it is, IPv6 by its /64. `::1` is 127.0.0.1. */
export function addressGroup(address = ''): string {
  const known = groups.get(address)
  if (known !== undefined) return known
  const group = groupOf(address)
  groups.set(address, group)
  return group
}

function groupOf(address: string): string {
  if (!ipaddr.isValid(address)) return ''
  const parsed = ipaddr.process(address)
  // A browser at `localhost` takes either for each connection.
  if (parsed.kind() === 'ipv6' && parsed.range() === 'loopback') return '127.0.0.1'
  if (parsed.kind() === 'ipv4') return parsed.toString()
  const network = parsed.toByteArray().slice(0, IPV6_PREFIX_BYTES)
  return `${Buffer.from(network).toString('hex')}/64`
}
