/** Where this page's server is reached, without a slash at the end: the page's scripts lie in `assets/` there. */
export const serverUrl = import.meta.url.replace(/\/assets\/[^/]*$/, '')

/** The server's path on its host: empty at the root, else such as `/photos`. */
export const serverPath = serverUrl.slice(location.origin.length)

/** Whether this is a board's page for guests. */
export const isGuestPage = (): boolean => /\/b\/[^/]+\/add\/?$/.test(location.pathname)
