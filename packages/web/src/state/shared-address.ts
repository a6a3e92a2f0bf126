import { serverUrl } from '../browser/server-url.ts'

/** Whether only this computer can open the page's address. */
export const isThisComputer = /^(?:localhost|127\.|\[::1\])/.test(location.hostname)

let asked: Promise<string | null> | undefined

/**
 * Returns where others reach this server, without a slash at the end; null if nobody else does. The answer is asked
 * for once: after a wait, browsers no longer let the page copy.
 */
export function urlForOthers(): Promise<string | null> {
  asked ??= isThisComputer
    ? fetch(`${serverUrl}/api/addresses`)
        .then(async (response) => ((await response.json()) as { urls: string[] }).urls[0] ?? null)
        .catch(() => null)
    : Promise.resolve(serverUrl)
  return asked
}
