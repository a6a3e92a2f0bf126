import { serverUrl } from '../browser/server-url.ts'

/** Returns whether only this computer can open addresses on this host. */
export const isOnThisComputer = (hostname: string): boolean =>
  /^(?:localhost|127\.|\[::1\])/.test(hostname)

/** Whether only this computer can open the page's address. */
export const isThisComputer = isOnThisComputer(location.hostname)

let asked: Promise<string | null> | undefined

/**
 * Returns where others reach this server, without a slash at the end; null if nobody else does. The answer is asked
 * for once: after a wait, browsers no longer let the page copy.
 */
export function urlForOthers(): Promise<string | null> {
  asked ??= isThisComputer
    ? fetch(`${serverUrl}/api/addresses`)
        .then(async (response) => ((await response.json()) as { urls: string[] }).urls[0] ?? null)
        .catch(() => {
          // The next caller asks again: a wall goes on asking for weeks.
          asked = undefined
          return null
        })
    : Promise.resolve(serverUrl)
  return asked
}
