import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type PackageName, packAll } from '../../packing/pack.ts'
import { EFFORT_FACTOR } from '../support/effort.ts'

/* Installing from the files alone, with all else from npm's registry. It takes a network. */

const run = promisify(execFile)

/** The environment of somebody who runs nothing but npm here. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(?!config_registry|config_cache)/.test(name),
  ),
)

describe('installing', { skip: EFFORT_FACTOR === 1 && 'by npm run test:long' }, () => {
  let folder: string
  let tarballs: Record<PackageName, string>

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wirephoto-install-'))
    tarballs = await packAll(join(folder, 'packed'))
  })
  after(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

  test('I16: npx installs the program from its file, asks nothing and serves', async () => {
    const empty = await mkdtemp(join(folder, 'empty-'))
    const file = basename(tarballs.cli)
    await cp(tarballs.cli, join(empty, file))
    const serving = spawn('npx', [`./${file}`], {
      cwd: empty,
      env: { ...env, WIREPHOTO_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    try {
      let url: string | undefined
      for await (const line of createInterface(serving.stdout)) {
        url = /http:\/\/[\w.:[\]-]+/.exec(line)?.[0]
        if (url) break
      }
      assert.ok(url, 'it ended without an address')
      assert.match(await (await fetch(url)).text(), /<script type="module"/)
    } finally {
      // The server too, which npx has started.
      process.kill(-serving.pid!, 'SIGTERM')
      await once(serving, 'exit')
    }
  })

  test('I24: the examples for React, Vue and Svelte build with the packed client', async () => {
    const place = await mkdtemp(join(folder, 'frameworks-'))
    await cp(resolve(import.meta.dirname, '../../packages/client/examples/frameworks'), place, {
      recursive: true,
    })
    await writeFile(join(place, 'package.json'), '{"private": true, "type": "module"}')
    const packages = ['react@19', 'react-dom@19', 'vue@3', 'svelte@5', 'vite@8']
    const plugins = ['@sveltejs/vite-plugin-svelte@7']
    const files = [tarballs.board, tarballs.client]
    const args = ['install', '--no-audit', '--no-fund', ...packages, ...plugins, ...files]
    await run('npm', args, { cwd: place, env })
    const config = `import { svelte } from '@sveltejs/vite-plugin-svelte'
      const input = ['react.jsx', 'vue.js', 'svelte.js']
      export default { plugins: [svelte()], build: { target: 'es2022', rolldownOptions: { input } } }`
    await writeFile(join(place, 'vite.config.js'), config)
    const vite = join(place, 'node_modules/vite/bin/vite.js')
    const { stdout } = await run(process.execPath, [vite, 'build'], { cwd: place, env })
    for (const name of ['react', 'vue', 'svelte'])
      assert.match(stdout, new RegExp(`assets/${name}-`), name)
  })

  test('I16: the packages install from their files, and can be imported', async () => {
    const empty = await mkdtemp(join(folder, 'empty-'))
    const files = [tarballs.board, tarballs.engine, tarballs.client, tarballs.server]
    await writeFile(join(empty, 'package.json'), '{"private": true, "type": "module"}')
    await run('npm', ['install', '--no-audit', '--no-fund', ...files], { cwd: empty, env })
    const code = `import { connect } from '@wirephoto/client'
      import { createWirephoto } from '@wirephoto/server'
      const server = await createWirephoto({
        port: 0, host: '127.0.0.1', publicUrl: null, data: 'data', engine: 'sqlite:data',
        maxUpload: 1e6, webRoot: null, log: 'silent'
      })
      const board = await connect(server.url)
      console.log(board.pictures.size)
      await board.close()
      await server.close()`
    await writeFile(join(empty, 'main.js'), code)
    const { stdout } = await run(process.execPath, ['main.js'], { cwd: empty, env })
    assert.equal(stdout, '0\n')
  })
})
