import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import sharp from 'sharp'
import { HOSTS, openFixture } from '../support/e2e-fixture.ts'

/** Left: HTML, as in the labels of diagrams. Right: a colour that is mixed by a style sheet's variable. */
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="200" viewBox="0 0 400 200">
  <title>Drawn by Canary Yellow</title>
  <style>svg { --ink: #ff0000 } .ink { fill: color-mix(in srgb, var(--ink), #0000ff) }</style>
  <foreignObject width="200" height="200">
    <div xmlns="http://www.w3.org/1999/xhtml" style="background:#00a000;width:200px;height:200px"></div>
  </foreignObject>
  <rect class="ink" x="200" width="200" height="200"/>
</svg>`
/** A much larger drawing, whose pixels nobody holds in memory. */
const LARGE = SVG.replace('width="400" height="200"', 'width="20000" height="10000"')

const { fixture, samples } = await openFixture()

for (const host of HOSTS)
  describe(`at http://${host}`, () => {
    test("V6, U16: an SVG is shown as its sender's browser draws it, and its source is kept", async (t) => {
      const { board, anna, ben } = await fixture.openPair(t, host)
      const wireClient = await fixture.openWireClient(t, board)
      const files = [await samples.write('plan.svg', SVG), await samples.write('large.svg', LARGE)]
      await anna.drop(files, { x: 300, y: 200 })
      await anna.waitForPainted(2, 'stored')
      await ben.waitForPainted(2, 'stored')
      const records = (await wireClient.pictures()) as ImageRecord[]
      for (const { id, type, width, height, name, original } of records) {
        assert.deepEqual([type, width / height], ['image/png', 2])
        assert.equal(Math.max(width, height), name === 'plan.svg' ? 2048 : 4096)
        const read = async (query = '') =>
          Buffer.from(
            await (
              await fetch(`${fixture.server.url}/api/boards/${board}/images/${id}/file${query}`)
            ).arrayBuffer(),
          )
        const { data, info } = await sharp(await read())
          .resize(4, 2, { kernel: 'nearest' })
          .removeAlpha()
          .raw()
          .toBuffer({ resolveWithObject: true })
        const at = (x: number) => [...data.subarray(x * info.channels, x * info.channels + 3)]
        assert.deepEqual(at(0), [0, 160, 0], 'HTML is drawn')
        assert.deepEqual(at(3), [128, 0, 128], 'the style sheet is followed')
        const source = (await read('?download')).toString()
        assert.equal(source.length, original!.bytes)
        assert.match(source, /<foreignObject width="200" height="200">/)
        assert.doesNotMatch(source, /Canary|wirephoto-drawing/)
      }
      assert.equal(await anna.page.locator('.toast').count(), 0)
    })
  })
