import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import { errorMessages, errors, RETRYABLE_CODES } from '@wirephoto/board'
import { serveCommand } from 'wirephoto/serve-command'

const root = resolve(import.meta.dirname, '..')
const read = (path: string) => readFile(join(root, path), 'utf8')

async function files(...patterns: string[]): Promise<string[]> {
  return Array.fromAsync(
    glob(patterns, { cwd: root, exclude: (name) => name.includes('node_modules') }),
  )
}

test('SPEC.md lists every error with its status, and no other', async () => {
  const spec = await read('SPEC.md')
  const rows = spec.matchAll(/^\| `([a-z-]+)` \| (\d+) \|/gm)
  const listed = Object.fromEntries(Array.from(rows, ([, code, status]) => [code, Number(status)]))
  assert.deepEqual(listed, { ...errors })
  assert.deepEqual(Object.keys(errorMessages).sort(), Object.keys(errors).sort())
  const [, again = ''] = /^Another try may help after (.*?)\. The page/m.exec(spec) ?? []
  assert.deepEqual(
    Array.from(again.matchAll(/`([\w-]+)`/g), ([, code]) => code),
    RETRYABLE_CODES,
  )
})

test('every rule of SPEC.md is quoted by a test', async () => {
  const spec = await read('SPEC.md')
  const ids = [...spec.matchAll(/^(?:\| (F\d+) \||- \*\*([A-Z]\d+)\*\*)/gm)].map(
    (m) => m[1] ?? m[2]!,
  )
  assert.ok(ids.length > 40)
  const sources = await Promise.all(
    (
      await files(
        'packages/*/src/**/*.test.ts',
        'packages/*/src/**/contract{,/*}.ts',
        'test/**/*.test.ts',
      )
    ).map(read),
  )
  const quoted = sources.join('\n')
  const missing = ids.filter((id) => !new RegExp(`\\b${id}\\b`).test(quoted))
  assert.deepEqual(missing, [])
})

test('ARCHITECTURE.md has a line for every dependency', async () => {
  const map = await read('ARCHITECTURE.md')
  for (const path of ['package.json', ...(await files('packages/*/package.json'))]) {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(await read(path))
    for (const name of Object.keys({
      ...dependencies,
      ...devDependencies,
      ...optionalDependencies,
    }))
      if (!name.startsWith('@wirephoto/'))
        assert.ok(map.includes(`\`${name}\``), `${name} (${path})`)
  }
})

test('every name that a document puts in code is a name in the code', async () => {
  const sources = await files(
    '{packages,bench,docs,test}/**/*.{ts,tsx,css}',
    '*.ts',
    'package.json',
  )
  const code = new Set((await Promise.all(sources.map(read))).join('\n').match(/[\w$]+/g))
  const faults: string[] = []
  for (const path of await files('*.md', 'docs/performance.md', 'packages/*/*.md')) {
    const text = await read(path)
    for (const [, name] of text.matchAll(/`([A-Za-z]\w*[A-Z]\w*)`/g))
      if (!code.has(name!)) faults.push(`${path}: ${name}`)
    for (const [, name, file] of text.matchAll(/^\| `([A-Z]\w+)` \| `([\w./-]+\.tsx?)` \|/gm))
      if (!new RegExp(`\\bclass ${name}\\b`).test(await read(file!)))
        faults.push(`${path}: ${name} is not in ${file}`)
  }
  assert.deepEqual(faults, [])
})

test('no paragraph of a document has more than 120 words', async () => {
  const faults: string[] = []
  for (const path of await files('*.md', 'docs/*.md', 'packages/*/*.md', '.github/**/*.md')) {
    const prose = (await read(path)).replace(/^```.*?^```/gms, '').replace(/^\|.*$/gm, '')
    for (const paragraph of prose.split(/\n\s*\n|\n(?=- |\d+\. )/)) {
      const { length } = paragraph.split(/\s+/)
      if (length > 120) faults.push(`${path}: ${length} words: ${paragraph.slice(0, 40)}…`)
    }
  }
  assert.deepEqual(faults, [])
})

test('README.md has a row for every flag of `wirephoto serve`, and for no other', async () => {
  assert.deepEqual(flagFaults(await read('README.md')), [])
})

test('the row of each flag is missed when it is gone, misnamed or has another variable', async () => {
  const readme = await read('README.md')
  for (const { long, envVar } of options) {
    const row = new RegExp(`^\\| \`${long}[ \`].*\n`, 'm')
    const [line] = row.exec(readme)!
    assert.deepEqual(flagFaults(readme.replace(row, '')), [`${long} has no row`])
    assert.deepEqual(flagFaults(readme.replace(row, line.replace(long!, `${long}-x`))), [
      `${long} has no row`,
      `${long}-x is no flag`,
    ])
    assert.deepEqual(flagFaults(readme.replace(row, line.replace(envVar!, `${envVar}_X`))), [
      `${long} is read from ${envVar}`,
    ])
  }
})

test('docs/performance.md names the bench of each id, and says which ids have none', async () => {
  const rows = (await read('docs/performance.md')).matchAll(/^\| ([SE]\d+) \| ([^|]+) \|/gm)
  const told = Object.fromEntries(Array.from(rows, ([, id, bench]) => [id!, bench!]))
  const benches = (await files('bench/*.ts')).sort()
  for (const [id, bench] of Object.entries(told)) {
    const measured: string[] = []
    for (const path of benches)
      if (new RegExp(`id: '${id}[a-z]?'`).test(await read(path))) measured.push(`\`${path}\``)
    assert.equal(bench, measured[0] ?? 'not measured yet', id)
  }
  for (const path of benches)
    for (const [, id] of (await read(path)).matchAll(/\bid: '([SE]\d+)[a-z]?'/g))
      assert.ok(id! in told, `${path}: ${id}`)
})

test('every id that code quotes is defined', async () => {
  const rules = [...(await read('SPEC.md')).matchAll(/^(?:\| |- \*\*)([A-Z]\d+)\b/gm)]
  const figures = [...(await read('docs/performance.md')).matchAll(/^\| ([SE]\d+) \|/gm)]
  const defined = new Set([...rules, ...figures].map(([, id]) => id!))
  const letters = [...new Set([...defined].map((id) => id[0]))].join('')
  const faults: string[] = []
  for (const path of await files('{packages,bench,docs,test}/**/*.{ts,tsx,css}')) {
    const text = await read(path)
    const names = text.matchAll(/\btest\(\s*(['`"])(.*?)\1/g)
    const quoted = [commentsOf(text), ...Array.from(names, ([, , name]) => name!)].join('\n')
    // V8 is a JavaScript engine too.
    for (const [id] of quoted.matchAll(new RegExp(`\\b[${letters}]\\d{1,2}\\b`, 'g')))
      if (!defined.has(id) && id !== 'V8') faults.push(`${path}: ${id}`)
  }
  assert.deepEqual(faults, [])
})

test('every file that a document or a comment names is there', async () => {
  const all = await files('**/*', '.ci/*', '.github/**/*')
  const ends = new Set([...all, 'bench/results/looks/', 'packages/web/dist/'].flatMap(suffixes))
  const faults: string[] = []
  for (const path of all) {
    // This file names files that must not be there.
    if (path === 'test/documents.test.ts' || !/\.(?:md|tsx?|css|yml)$|^\.ci\//.test(path)) continue
    const text = await read(path)
    const prose = path.endsWith('.md') ? text : commentsOf(text)
    for (const name of namedFiles(prose)) if (!ends.has(name)) faults.push(`${path}: ${name}`)
    if (!path.endsWith('.md')) continue
    for (const target of linkedFiles(text))
      if (!all.includes(join(dirname(path), target))) faults.push(`${path}: ${target}`)
  }
  assert.deepEqual(faults, [])
})

test('a file that is not there is found in a document, a link and a comment', () => {
  assert.deepEqual(namedFiles('see NOWHERE.md, `web/src/gone.ts` and `docs/gone/`'), [
    'NOWHERE.md',
    'web/src/gone.ts',
    'docs/gone',
  ])
  assert.deepEqual(linkedFiles('[here](docs/gone.md#top), [there](https://example.org/a.md)'), [
    'docs/gone.md',
  ])
  assert.equal(
    commentsOf("const a = 'x.ts' // as y.ts\n/** As\n * z.ts. */")
      .match(/\w\.ts/g)
      ?.join(),
    'y.ts,z.ts',
  )
})

const options = serveCommand().options

/** Returns the problems of the README's table of flags. */
function flagFaults(readme: string): string[] {
  const rows = new Map(
    Array.from(readme.matchAll(/^\| `(--[a-z-]+)[^`]*` \|([^|]*)\|/gm), ([, flag, variables]) => [
      flag!,
      variables!,
    ]),
  )
  const faults: string[] = []
  for (const { long, envVar } of options) {
    const variables = rows.get(long!)
    if (variables === undefined) faults.push(`${long} has no row`)
    else if (!variables.includes(`\`${envVar}\``)) faults.push(`${long} is read from ${envVar}`)
  }
  for (const flag of rows.keys())
    if (!options.some(({ long }) => long === flag)) faults.push(`${flag} is no flag`)
  return faults
}

/** Returns a path and its short forms: `web/src/main.tsx`, `main.tsx`. Its folders too. */
function suffixes(path: string): string[] {
  const parts = path.split('/')
  return parts.flatMap((_, from) =>
    parts.slice(from).map((_, to) => parts.slice(from, from + to + 1).join('/')),
  )
}

/**
 * Returns the sources and documents that a text names, and the folders by `packages/…`, `docs/…`
 * and the like.
 */
function namedFiles(text: string): string[] {
  const named = text.matchAll(
    /(?<![\w./*:@-])((?:[\w.-]+\/)*[\w.-]*\w\.(?:md|tsx?|css)\b|(?:packages|bench|docs|test)\/[\w./-]*\w)(?![\w*])/g,
  )
  return [...new Set(Array.from(named, ([, name]) => name!.replace(/^(?:\.\.?\/)+/, '')))]
}

/** Returns where a document's links within the repository lead. */
function linkedFiles(text: string): string[] {
  const links = text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)
  return [...new Set(Array.from(links, ([, target]) => target!))]
}

function commentsOf(source: string): string {
  return (source.match(/\/\*[\s\S]*?\*\/|(?<![:'"`\w])\/\/.*$|^#.*$/gm) ?? []).join('\n')
}
