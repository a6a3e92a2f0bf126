import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ErrorCode, errors } from './error-codes.ts'
import { errorMessages, formatBytes } from './error-messages.ts'
import { problemIn, WireError } from './errors.ts'

const codes = Object.keys(errors) as ErrorCode[]
const facts = { name: 'beach.jpg', size: 212_000_000, limit: 100_000_000, expected: 7 }

describe('errors', () => {
  test('H1: every code has a status of 400 or more and a sentence, with and without facts', () => {
    for (const code of codes) {
      const status = errors[code]
      assert.ok(status >= 400 && status < 600, code)
      for (const given of [{}, facts]) {
        const sentence = errorMessages[code](given)
        assert.match(sentence, /^[A-Zb].*\.$/, code)
        assert.doesNotMatch(sentence, /undefined|NaN|null|\bobject\b|!/, `${code}: ${sentence}`)
      }
    }
    assert.deepEqual(Object.keys(errorMessages).sort(), codes.toSorted())
  })

  test('an error is an Error, and crosses the wire as code and sentence', () => {
    const cause = new Error('inside')
    const error = new WireError('too-large', facts, { cause })
    assert.ok(error instanceof Error)
    assert.equal(error.status, 413)
    assert.equal(error.cause, cause)
    const message = 'beach.jpg is 212 MB. The limit here is 100 MB.'
    assert.equal(
      JSON.stringify({ error }),
      JSON.stringify({ error: { code: 'too-large', message, expected: 7 } }),
    )
    assert.deepEqual(new WireError('gap', { expected: 1 }).toJSON().expected, 1)
    assert.equal('expected' in new WireError('gap').toJSON(), false)
  })

  test("H13: only a known code with its own status is the server's own error", () => {
    for (const code of codes) {
      const error = new WireError(code, facts)
      assert.deepEqual(problemIn(error.status, JSON.stringify({ error })), error.toJSON())
      assert.equal(problemIn(418, JSON.stringify({ error })), null)
    }
    const others = ['', '{', 'null', '[]', '"denied"', '{"error":null}', '{"error":"denied"}']
    for (const body of [...others, '<h1>404 Not Found</h1>', '{"error":{"code":404}}'])
      assert.equal(problemIn(404, body), null, body)
    assert.equal(problemIn(404, '{"error":{"code":"not-found"}}'), null)
    assert.equal(problemIn(400, '{"error":{"code":"toString","message":""}}'), null)
  })

  test('sizes are told as people say them', () => {
    const told = [0, 1, 999, 1_000, 1_449, 9_949, 9_950, 999_499, 999_500, 212e6, 1.5e9, 3e12, 4e15]
    assert.equal(
      told.map(formatBytes).join(', '),
      '0 bytes, 1 bytes, 999 bytes, 1.0 kB, 1.4 kB, 9.9 kB, 10 kB, 999 kB, ' +
        '1.0 MB, 212 MB, 1.5 GB, 3.0 TB, 4000 TB',
    )
  })
})
