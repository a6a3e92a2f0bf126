/**
 * Opens a channel to this browser's other pages. Null outside browsers, and where site data is blocked: then a
 * page acts as if it were alone.
 */
export function openChannel(name: string): BroadcastChannel | null {
  try {
    return typeof document === 'undefined' ? null : new BroadcastChannel(name)
  } catch {
    return null
  }
}
