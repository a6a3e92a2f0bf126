import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'

const css = await readFile(new URL('./tokens.css', import.meta.url), 'utf8')
const themes = { day: colours(1), night: colours(2) }

/** On the ground, as docs/look.md promises them. */
const promised = {
  day: { ink: 16, 'ink-2': 6.3, edge: 3.4, red: 5.3, amber: 6.4 },
  night: { ink: 15.6, 'ink-2': 7.7, edge: 4.3, red: 6, amber: 10 },
}

for (const name of ['day', 'night'] as const) {
  const theme = themes[name]
  const on = (front: string, back: string): number => contrast(theme[front]!, theme[back]!)

  test(`${name}: the contrasts on the ground are the promised ones`, () => {
    for (const [token, ratio] of Object.entries(promised[name]))
      assert.ok(Math.abs(on(token, 'ground') - ratio) < 0.1, `${token}: ${on(token, 'ground')}`)
  })

  test(`${name}: text reads on ground and sheet (WCAG 1.4.3), outlines show (1.4.11)`, () => {
    for (const back of ['ground', 'sheet']) {
      for (const text of ['ink', 'ink-2', 'amber'])
        assert.ok(on(text, back) >= 4.5, `${text} on ${back}: ${on(text, back)}`)
      for (const line of ['edge', 'red'])
        assert.ok(on(line, back) >= 3, `${line} on ${back}: ${on(line, back)}`)
    }
    assert.ok(on('on-red', 'red') >= 4.5, `on-red: ${on('on-red', 'red')}`)
    // Chrome at rest has no sheet, and a tooltip is turned round.
    assert.ok(on('ground', 'ink') >= 4.5)
  })
}

test("white text reads on each person's colour", () => {
  const people = Array.from(css.matchAll(/--(\w+): (#[0-9a-f]{6});/g), ([, name, hex]) => [
    name,
    hex,
  ])
  assert.equal(people.length, 8)
  for (const [name, hex] of people)
    assert.ok(contrast('#ffffff', hex!) >= 4.5, `${name}: ${contrast('#ffffff', hex!)}`)
})

/** The tokens' first colours, or their second ones. */
function colours(nth: 1 | 2): Record<string, string> {
  const tokens = css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g)
  return Object.fromEntries(Array.from(tokens, ([, name, ...pair]) => [name, pair[nth - 1]]))
}

/** WCAG 2.2, "contrast ratio" and "relative luminance". */
function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light! + 0.05) / (dark! + 0.05)
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}
