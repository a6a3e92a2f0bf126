import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { test } from 'node:test'
import { retiredWords } from './retired-words.ts'

const root = resolve(import.meta.dirname, '../..')

test('no identifier, file or event has a name that was given up', async () => {
  const faults: string[] = []
  const paths = glob(['{packages,bench,docs,test}/**/*.{ts,tsx}', '*.ts'], {
    cwd: root,
    exclude: (name) => /node_modules|dist|results/.test(name),
  })
  // This file has samples of what it finds.
  for await (const path of paths)
    if (path !== 'test/house/retired-words.test.ts')
      for (const fault of faultsOf(path, await readFile(join(root, path), 'utf8')))
        faults.push(`${path}: ${fault}`)
  assert.deepEqual(faults, [])
})

test('a name that was given up is found in identifiers, files and events, and not in prose', () => {
  const found = (text: string) => faultsOf('packages/web/src/a.tsx', text)
  assert.deepEqual(found('const desk = new Desk()'), ['desk is BoardStore', 'Desk is BoardStore'])
  assert.deepEqual(found('this.#tails.close()'), ['tails is live-reads'])
  assert.deepEqual(found("board.on('title', show)"), ["'title' is settings"])
  assert.deepEqual(found('// the desk\n/* a desk */ const text = "desk" + `desk` + /desk/'), [])
  assert.deepEqual(faultsOf('packages/web/src/stage/desk.tsx', ''), ['desk is BoardStore'])
  assert.deepEqual(faultsOf('packages/server/src/room.ts', 'class Room {}'), [])
})

/** Each retired word in a source, once, with the word that took its place. */
function faultsOf(path: string, source: string): string[] {
  const here = retiredWords.filter(({ within = [''] }) =>
    within.some((start) => path.startsWith(start)),
  )
  const file = basename(path).replace(/\..*$/, '')
  const { identifiers, events } = namesIn(source)
  const faults = new Set<string>()
  for (const word of here) {
    if (word.file?.test(file)) faults.add(`${file} is ${word.now}`)
    for (const name of identifiers)
      if (word.identifier?.test(name)) faults.add(`${name} is ${word.now}`)
    for (const name of events) if (word.event?.test(name)) faults.add(`'${name}' is ${word.now}`)
  }
  return [...faults]
}

/** Comments, strings, templates and regular expressions, which are skipped; then names. */
const TOKEN =
  /\/\*[\s\S]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[=(,:[!&|?{};+]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*|[A-Za-z_$][\w$]*/g

/** The first argument of these is the name of an event. */
const EVENT = /\b(?:on|once|off|emit|say|ask|emitWithAck)\(\s*'([\w:-]+)'/g

function namesIn(source: string): { identifiers: Set<string>; events: Set<string> } {
  const tokens = Array.from(source.matchAll(TOKEN), ([token]) => token)
  return {
    identifiers: new Set(tokens.filter((token) => /^[A-Za-z_$]/.test(token))),
    events: new Set(Array.from(source.matchAll(EVENT), ([, name]) => name!)),
  }
}
