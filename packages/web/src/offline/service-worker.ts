import { sendKept } from '@wirephoto/client/send-kept'
import { NOT_SHARED, SHARE_PATH, SHARED, SHARED_FIELD, SharedFiles } from './shared-files.ts'

/*
 * Opens the page while its server is away, where it may have a service worker (https, localhost).
 *
 * A page comes from the server whenever that answers, so it is never older than its server. Without an
 * answer it comes from the cache of the newest build here, with its scripts.
 * Scripts are named by their content, so the cache goes first. So a page that stays open over an upgrade
 * still finds the parts of its own build. Pictures stay with the browser's own cache.
 *
 * It also takes pictures that other programs share with the installed page, and sends what pages have left
 * when the browser is online again.
 */

/** The files of this build, and a name for all of them; written by the build. */
declare const BUILD: { readonly id: string; readonly files: readonly string[] }

/** The parts of a service worker's scope that this one uses. */
interface Scope {
  skipWaiting(): Promise<void>
  readonly clients: {
    claim(): Promise<void>
    matchAll(): Promise<readonly { readonly url: string; readonly visibilityState: string }[]>
  }
  addEventListener(
    type: 'install' | 'activate' | 'sync',
    listener: (event: Extendable) => void,
  ): void
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void
}
interface Extendable {
  waitUntil(work: Promise<unknown>): void
}
interface FetchEvent extends Extendable {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
}

const scope = self as unknown as Scope
/** The path that this worker serves, with a slash at both ends. Another server may lie under another one. */
const BASE = new URL('./', location.href).pathname
/** Each build has a cache of its own. A space stands in no path, so no other server's prefix begins like this. */
const PREFIX = BASE === '/' ? 'wirephoto-build-' : `wirephoto-build ${BASE} `
/** Builds that are kept: this one, and those of pages that are still open. */
const KEPT_BUILDS_COUNT = 3
/** A board that is always there; its page is that of every board. */
const SHELL = './b/main'
/** The path of a board's page, below the base. */
const BOARD_PAGE = /^b\/([\w-]+)(?:\/(?:show|add))?\/?$/
/** Statuses in which a gateway says that the server is away. */
const GATEWAY_STATUSES: readonly number[] = [502, 503, 504]

scope.addEventListener('install', (event) => event.waitUntil(install()))
scope.addEventListener('activate', (event) => event.waitUntil(activate()))
scope.addEventListener('sync', (event) => event.waitUntil(sendLater()))
scope.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (
    request.method === 'POST' &&
    url.origin + url.pathname === location.origin + BASE + SHARE_PATH
  )
    return event.respondWith(takeShared(request))
  if (request.method !== 'GET' || url.origin !== location.origin) return
  if (!url.pathname.startsWith(BASE)) return
  const path = url.pathname.slice(BASE.length)
  if (path.startsWith('assets/')) event.respondWith(fromCacheFirst(request))
  else if (isBoardPage(path) && request.mode === 'navigate')
    event.respondWith(fromServerFirst(request, () => inBuilds(SHELL)))
  else if (path === 'theme.js') event.respondWith(fromServerFirst(request, () => inBuilds(request)))
})

const isBoardPage = (path: string): boolean => path === '' || BOARD_PAGE.test(path)

/** Fetches the whole build. If a file is gone meanwhile, the worker of the build before stays. */
async function install(): Promise<void> {
  const cache = await caches.open(PREFIX + BUILD.id)
  await cache.addAll([SHELL, ...BUILD.files])
  await scope.skipWaiting()
}

/** Forgets all but the newest builds. */
async function activate(): Promise<void> {
  const builds = (await caches.keys()).filter((name) => name.startsWith(PREFIX))
  const newest = PREFIX + BUILD.id
  const others = builds.filter((name) => name !== newest)
  // Caches are listed in the order in which they were made.
  for (const name of others.slice(0, Math.max(0, others.length - KEPT_BUILDS_COUNT + 1)))
    await caches.delete(name)
  await scope.clients.claim()
}

/** Keeps the pictures of a form, and leads to the page that adds them: of the board used last, or of the front board. */
async function takeShared(request: Request): Promise<Response> {
  const shared = new SharedFiles(BASE)
  const found = await shared.lastBoard().catch(() => null)
  const page = found === null ? BASE : `${BASE}b/${found}/add`
  try {
    const form = await request.formData()
    await shared.keep(form.getAll(SHARED_FIELD).filter((each) => each instanceof File))
    return Response.redirect(page + SHARED, 303)
  } catch {
    return Response.redirect(page + NOT_SHARED, 303)
  }
}

/** Sends what pages have left. A page that is in view sends what is its board's. */
async function sendLater(): Promise<void> {
  const pages = await scope.clients.matchAll()
  const inView = pages.flatMap(({ url, visibilityState }) => {
    const [, board] = BOARD_PAGE.exec(new URL(url).pathname.slice(BASE.length)) ?? []
    return board && visibilityState === 'visible' ? [board] : []
  })
  await sendKept(location.origin + BASE.slice(0, -1), inView)
}

/** Finds a file in the newest build that has it. A browser whose caches can't be read has none. */
const inBuilds = (request: Request | string): Promise<Response | undefined> =>
  searchBuilds(request).catch(() => undefined)

async function searchBuilds(request: Request | string): Promise<Response | undefined> {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX)).reverse()
  for (const name of [PREFIX + BUILD.id, ...others]) {
    const found = await (await caches.open(name)).match(request, { ignoreVary: true })
    if (found) return found
  }
  return undefined
}

async function fromCacheFirst(request: Request): Promise<Response> {
  return (await inBuilds(request)) ?? fetch(request)
}

async function fromServerFirst(
  request: Request,
  otherwise: () => Promise<Response | undefined>,
): Promise<Response> {
  const answer = await fetch(request).catch(() => null)
  if (answer && !GATEWAY_STATUSES.includes(answer.status)) return answer
  return (await otherwise()) ?? answer ?? Response.error()
}
