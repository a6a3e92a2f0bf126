import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { launchBrowser } from '../test/support/browser.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import { type Figure, spread } from './support/figures.ts'

const BUILT = resolve(import.meta.dirname, '../packages/web/dist')

/** S14: the scripts that a browser loads before a picture can be dropped. */
export async function weight(): Promise<Figure[]> {
  const loaded = await loadedScripts()
  const built = await builtScripts()
  const early = built.filter(({ name }) => loaded.has(name))
  const lazy = built.filter(({ name }) => !loaded.has(name))
  const sum = early.reduce((bytes, { gzip }) => bytes + gzip, 0)
  const line = ({ name, gzip }: Script) => `${name} ${(gzip / 1000).toFixed(1)} KB`
  return [
    {
      id: 'S14',
      label: 'JavaScript loaded before the first drop, gzip',
      unit: 'KB',
      figure: spread([sum / 1000]),
      baseline: null,
      goal: { max: 60 },
      notes: [
        `loaded: ${early.map(line).join(', ')}`,
        `lazy: ${lazy.map(line).join(', ') || 'none'}`,
      ],
    },
  ]
}

interface Script {
  readonly name: string
  readonly gzip: number
}

/**
 * Returns the scripts that Chromium requests until the page follows its board, which is when it is
 * ready.
 */
async function loadedScripts(): Promise<Set<string>> {
  const server = await ServerProcess.open()
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage()
    const names = new Set<string>()
    page.on('request', (request) => {
      const { pathname } = new URL(request.url())
      if (pathname.endsWith('.js')) names.add(pathname.slice(pathname.lastIndexOf('/') + 1))
    })
    const following = page
      .waitForEvent('websocket')
      .then((socket) =>
        socket.waitForEvent('framereceived', ({ payload }) => String(payload).startsWith('43')),
      )
    await page.goto(server.url)
    await following
    return names
  } finally {
    await browser.close()
    await server.close()
  }
}

async function builtScripts(): Promise<Script[]> {
  const files = await readdir(BUILT, { recursive: true })
  const scripts = files.filter((file) => file.endsWith('.js'))
  return Promise.all(
    scripts.map(async (file) => {
      const bytes = gzipSync(await readFile(join(BUILT, file)), { level: 9 })
      return { name: file.slice(file.lastIndexOf('/') + 1), gzip: bytes.length }
    }),
  )
}
