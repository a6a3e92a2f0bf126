import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorMessages, type ImageRecord, type Snapshot } from '@wirephoto/board'
import { gateWords } from '@wirephoto/web/words/gate'
import { hostWords } from '@wirephoto/web/words/host'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { panelWords } from '@wirephoto/web/words/panels'
import { shareWords } from '@wirephoto/web/words/share'
import { wallWords } from '@wirephoto/web/words/wall'
import type { Locator, Page } from 'playwright-core'
import sharp from 'sharp'
import { encode } from 'uqr'
import { openFixture, PHONE } from '../support/e2e-fixture.ts'
import { linkFor, openGuest, openHost } from '../support/guests.ts'
import { type BoardPage, middleOf } from '../support/page.ts'

/* An evening on a board, from its making to the guest who destroys it, on a laptop and on phones. */

const REFUSED = /status of 40[13]/
const MM_PER_INCH = 25.4
const PX_PER_INCH = 96
const A6_MM = { width: 105, height: 148 }
/** Points of a PDF. */
const A6_PT = [298, 420]
const SENT_COUNT = 3
/** The pictures that aren't refused. */
const PICTURES_COUNT = 2

const { fixture, samples } = await openFixture({
  args: ['--create', 'anyone', '--bound', 'purge-grace=1'],
})

test('F11, B21, W51, W52, W72, G21: a guest adds three, one is refused, two are on the wall, their link ends alone under their hands, and what another destroys is put back', async (t) => {
  const host = await openHost(fixture, t)
  await host.page.keyboard.press('s')
  const sheet = host.page.getByRole('dialog')
  const code = sheet.locator('.to-pass .code')
  const link = await codeIn(code, 2)
  assert.equal(await sheet.getByLabel(shareWords.link, { exact: true }).inputValue(), link)
  await sheet.getByText(shareWords.wall, { exact: true }).click()
  await sheet.getByRole('radio', { name: wallWords.orders.oldest }).check()
  await sheet.getByRole('combobox', { name: wallWords.pace }).selectOption({
    label: wallWords.seconds(15),
  })
  const wallAddress = await sheet.getByLabel(shareWords.wallAddress, { exact: true }).inputValue()
  const card = await printCard(host)
  assert.notEqual(card, link)
  await host.page.keyboard.press('Escape')
  const edit = await linkFor(host.page, 'edit')

  await host.page.keyboard.press('Shift+Q')
  await host.waitForToast(hostWords.addingIs.held)
  // Another screen, which has been on no board, opens it by its address.
  const screen = await fixture.newContext()
  fixture.closeAfter(t, () => screen.close())
  const wall = await screen.newPage()
  await wall.goto(wallAddress)
  await wall.getByText(wallWords.empty).waitFor()
  assert.equal(new URL(wall.url()).search, '?slides=oldest&pace=15')
  await wall.evaluate(() => {
    const seen = new Set<string>()
    Object.assign(window, { seen })
    new MutationObserver(() => {
      for (const { src } of document.querySelectorAll<HTMLImageElement>('.wall-frame img'))
        seen.add(src)
    }).observe(document.body, { childList: true, subtree: true, attributes: true })
  })
  await host.page.bringToFront()

  // A phone's camera has read the card.
  const guest = await openGuest(fixture, t, PHONE)
  guest.allowedErrors = REFUSED
  await guest.page.goto(card)
  await guest.waitForLive()
  await guest.page.getByRole('button', { name: words.add, exact: true }).tap()
  const chooser = guest.page.waitForEvent('filechooser')
  await guest.page.getByRole('menuitem', { name: words.choose }).tap()
  const files = Array.from({ length: SENT_COUNT }, (_, i) =>
    samples.draw(`guest-${i}.jpg`, { width: 400, height: 300, seed: i }),
  )
  await (await chooser).setFiles(await Promise.all(files))
  const asked = guest.page.getByRole('form', { name: overlayWords.askName })
  await asked.getByLabel(overlayWords.askName).fill('Gwen')
  await guest.page.keyboard.press('Enter')
  await guest.page.getByRole('region', { name: hostWords.waitForHost(SENT_COUNT) }).waitFor()
  // All of their bytes are there.
  await guest.waitUntil(
    (waits) =>
      [...document.querySelectorAll('[data-waiting]')].every((each) =>
        each.textContent!.includes(waits),
      ),
    hostWords.waits,
  )
  await host.page.getByRole('button', { name: hostWords.waitForYou(SENT_COUNT) }).click()
  const shown = (i: number) =>
    host.page.getByRole('dialog').getByRole('img', { name: new RegExp(`guest-${i}\\.jpg`) })
  await shown(0).waitFor()
  await host.page.keyboard.press('Enter')
  await shown(1).waitFor()
  await host.page.keyboard.press('r')
  await shown(2).waitFor()
  await host.page.keyboard.press('Enter')
  await host.page.getByText(hostWords.noneWaits).waitFor()
  await host.page.keyboard.press('Escape')
  await host.waitForPainted(PICTURES_COUNT, 'stored')
  const approved = await picturesOf(host.page)
  assert.deepEqual(approved.map(({ name }) => name).sort(), ['guest-0.jpg', 'guest-2.jpg'])
  await wall.waitForFunction(
    (blobs) => {
      const { seen } = window as unknown as { seen: Set<string> }
      return blobs.every((blob) => [...seen].some((source) => source.includes(blob!)))
    },
    approved.map(({ blob }) => blob),
  )
  await wall.close()
  await host.page.getByRole('option', { name: /guest-0\.jpg.*Gwen/ }).waitFor()

  const other = await openGuest(fixture, t)
  other.allowedErrors = REFUSED
  await other.page.goto(edit)
  await other.waitForPainted(PICTURES_COUNT, 'stored')

  // The guest has a picture in hand when the link ends.
  const [held] = await guest.waitForPainted(PICTURES_COUNT, 'stored')
  const [x, y] = middleOf(held!)
  await guest.touch('touchStart', { x, y })
  await host.page.keyboard.press('s')
  await revokeLink(host.page, shareWords.cardLabel)
  const revokedAt = performance.now()
  await guest.page.getByRole('heading', { name: errorMessages['link-ended']({}) }).waitFor()
  t.diagnostic(`The gate came after ${Math.round(performance.now() - revokedAt)} ms`)
  assert.equal(await guest.page.locator('[data-image]').count(), 0)
  assert.equal(await other.page.locator('[data-image]').count(), PICTURES_COUNT)
  await host.page.keyboard.press('Escape')
  // Attack: the page goes back, and loads the board once more.
  await guest.page.reload()
  await guest.page.getByRole('heading', { name: errorMessages['link-ended']({}) }).waitFor()

  await other.page.keyboard.press('Control+a')
  await other.page.keyboard.press('Delete')
  const told = await host.waitForToast(overlayWords.deletedByOther.any('', PICTURES_COUNT))
  await told.getByRole('button', { name: panelWords.putBack }).click()
  for (const each of [host, other]) await each.waitForPainted(PICTURES_COUNT, 'stored')

  // Attack: by what the page doesn't offer.
  await other.page.keyboard.press('Control+a')
  await other.page.keyboard.press('Delete')
  await other.waitForTiles(0)
  // A picture that was put back and deleted again counts once.
  await host.waitForToast(overlayWords.deletedByOther.any('', PICTURES_COUNT))
  await other.page.keyboard.press('Shift+T')
  await other.page.getByRole('list', { name: panelWords.trashed(PICTURES_COUNT) }).waitFor()
  for (const name of [panelWords.deleteForGood, panelWords.emptyTrash])
    assert.equal(await other.page.getByRole('button', { name }).count(), 0, name)
  assert.deepEqual(await destroy(other.page), {
    purged: PICTURES_COUNT,
    refused: PICTURES_COUNT,
    statuses: [403, 403, 403, 403],
  })
  await host.page.keyboard.press('Shift+T')
  const trash = host.page.getByRole('dialog')
  await trash.getByRole('button', { name: panelWords.chooseAll }).click()
  await trash.locator('footer').getByRole('button', { name: panelWords.putBack }).click()
  await host.page.keyboard.press('Escape')
  for (const each of [host, other]) await each.waitForPainted(PICTURES_COUNT, 'stored')
})

test('B50, W42, B29, G25, G30: codes open the gate, and what its owner deletes for good goes for everybody', async (t) => {
  const { port, url, output } = fixture.server
  const made = await fetch(`${url}/api/boards`, { method: 'POST' })
  const { id, links } = (await made.json()) as {
    id: string
    links: { id: string; role: string; url: string }[]
  }
  const own = links.find(({ role }) => role === 'own')!
  const authorization = `Bearer ${own.url.split('#')[1]}`
  const ask = (path: string, method = 'GET', body?: object) =>
    fetch(`${url}/api/boards/${id}/${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
  await ask('access', 'PATCH', { wallLink: links.find(({ role }) => role === 'add')!.id })
  const { code } = (await (await ask('join-code')).json()) as { code: string }

  const page = `http://wire.test:${port}/b/${id}`
  const guest = await openGuest(fixture, t, PHONE)
  guest.allowedErrors = /status of 40[134]/
  await guest.page.goto(page)
  // As somebody types what they read off a wall.
  await enterCode(guest.page, `${code.slice(0, 3)} ${code.slice(3).toLowerCase()}`)
  await guest.waitForLive()
  await guest.drop([await samples.draw('gone.jpg', { width: 300, height: 200 })], {
    x: 195,
    y: 400,
  })
  await guest.waitForPainted(1, 'stored')
  await guest.page.getByRole('button', { name: overlayWords.skip }).tap()

  const owner = await openGuest(fixture, t)
  owner.allowedErrors = /status of 40[134]/
  await owner.page.goto(page)
  const [ownerCode] = /[B-Z]{4}-[B-Z]{4}/.exec(output) ?? []
  await enterCode(owner.page, ownerCode!)
  const [tile] = await owner.waitForPainted(1, 'stored')
  const snapshot = (await (await ask('snapshot')).json()) as Snapshot
  const record = snapshot.records.find((each) => each.kind === 'image')!
  assert.equal(record.id, tile!.id)

  await owner.page.keyboard.press('Control+a')
  await owner.page.keyboard.press('Delete')
  await guest.waitForTiles(0)
  await owner.page.keyboard.press('Shift+T')
  await owner.page.getByRole('checkbox', { name: tile!.label }).check()
  // It asks once.
  for (let i = 0; i < 2; i++)
    await owner.page.getByRole('button', { name: panelWords.deleteForGood }).click()
  await guest.waitForToast(overlayWords.markedByOther('', 1, true))
  // Nobody does anything more.
  await owner.page.getByText(panelWords.trashEmpty).waitFor()
  assert.equal((await ask(`images/${record.id}`)).status, 404)
  assert.equal((await ask(`images/${record.id}/file`)).status, 404)
})

/** Revokes a link by its name in the open share sheet. */
async function revokeLink(page: Page, name: string): Promise<void> {
  const dialog = page.getByRole('dialog')
  await dialog.getByText(shareWords.links, { exact: true }).click()
  await dialog.getByRole('button', { name: shareWords.revokeNamed(name) }).click()
  await dialog.getByRole('button', { name: shareWords.revoke, exact: true }).click()
}

/** Reads a board's pictures by the right of its page. */
async function picturesOf(page: Page): Promise<ImageRecord[]> {
  const { records } = await page.evaluate(async (): Promise<Snapshot> => {
    const board = location.pathname.split('/').at(-1)!
    return (await fetch(`/api/boards/${board}/snapshot`)).json()
  })
  return records.filter((record) => record.kind === 'image')
}

async function enterCode(page: Page, code: string): Promise<void> {
  await page.getByRole('heading', { name: errorMessages['link-needed']({}) }).waitFor()
  const field = page.getByRole('textbox', { name: gateWords.code })
  await field.fill(code)
  await field.press('Enter')
}

/** Returns the address that a code stands for, after a look at its pixels: each module is where it belongs. */
async function codeIn(element: Locator, border: number): Promise<string> {
  const label = await element.getAttribute('aria-label')
  const url = /http\S+$/.exec(label ?? '')![0]
  const { data: modules, size } = encode(url, { border })
  const { data: pixels, info } = await sharp(await element.screenshot())
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const drawn = modules.map((row, y) =>
    row.map((_, x) => {
      const at = (n: number, whole: number) => Math.floor(((n + 0.5) * whole) / size)
      return pixels[at(y, info.height) * info.width + at(x, info.width)]! < 128
    }),
  )
  assert.deepEqual(drawn, modules)
  return url
}

/** Prints the table card, looks at it as paper shows it, and returns its address. */
async function printCard({ page }: BoardPage): Promise<string> {
  await page.evaluate(() => {
    window.print = () => {
      document.body.dataset['printed'] = ''
    }
  })
  await page.getByRole('button', { name: shareWords.printCard }).click()
  await page.locator('body[data-printed]').waitFor({ state: 'attached' })
  const card = page.locator('.table-card')
  assert.equal(await card.isVisible(), false)
  await page.emulateMedia({ media: 'print' })
  const before = page.viewportSize()!
  let url = ''
  for (const width of [390, 1440]) {
    await page.setViewportSize({ width, height: 900 })
    const { width: w, height: h } = (await card.boundingBox())!
    assert.ok(Math.abs(w - mm(A6_MM.width)) < 1 && h <= mm(A6_MM.height), `${w} × ${h}`)
    const parts = await card.locator('> *').evaluateAll((all) =>
      all.map((each) => {
        const { left, right, top, bottom } = each.getBoundingClientRect()
        const paper = each.parentElement!.getBoundingClientRect()
        const isInside =
          left >= paper.left && right <= paper.right && top >= paper.top && bottom <= paper.bottom
        return isInside && bottom > top
      }),
    )
    assert.deepEqual(parts, [true, true, true, true], `at ${width} px`)
    const others = await page
      .locator('body > *:not(.table-card)')
      .evaluateAll((all) => all.filter((each) => each.checkVisibility()).length)
    assert.equal(others, 0, 'nothing else is on the paper')
    url = await codeIn(card.locator('.code'), 0)
  }
  const pdf = (await page.pdf({ preferCSSPageSize: true, printBackground: true })).toString(
    'latin1',
  )
  const boxes = [...pdf.matchAll(/\/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]/g)]
  assert.deepEqual(
    boxes.map(([, w, h]) => [Math.round(Number(w)), Math.round(Number(h))]),
    [A6_PT],
  )
  await page.emulateMedia({ media: null })
  await page.setViewportSize(before)
  return url
}

const mm = (length: number): number => (length / MM_PER_INCH) * PX_PER_INCH

/** Tries to destroy a board for good by the page's own cookie. Returns how much was asked for, and refused. */
function destroy(page: Page): Promise<object> {
  return page.evaluate(async () => {
    const board = location.pathname.split('/').at(-1)!
    const api = `/api/boards/${board}`
    const send = (method: string, path: string, body?: object) =>
      fetch(path, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      })
    const { records } = (await (await fetch(`${api}/snapshot`)).json()) as {
      records: { kind: string; id: string }[]
    }
    const ids = records.filter(({ kind }) => kind === 'image').map(({ id }) => id)
    const commands = ids.map((id) => ({ kind: 'image.purge', id }))
    const client = '01900000-0000-7000-8000-000000000000'
    const message = { client: client.replace(/^.{13}/, newTime()), n: 1, commands }
    const answer = await send('POST', `/b/${board}/commands`, message)
    const { refused } = (await answer.json()) as { refused: { error: { code: string } }[] }
    const statuses: number[] = []
    for (const [method, path] of [
      ['DELETE', api],
      ['GET', `${api}/links`],
      ['GET', `${api}/audit`],
      ['PATCH', `${api}/access`],
    ] as const)
      statuses.push((await send(method, path, method === 'PATCH' ? {} : undefined)).status)
    return {
      purged: ids.length,
      refused: refused.filter(({ error }) => error.code === 'not-allowed').length,
      statuses,
    }

    /** The first 48 bits of an id of now. */
    function newTime(): string {
      const time = Date.now().toString(16).padStart(12, '0')
      return `${time.slice(0, 8)}-${time.slice(8)}`
    }
  })
}
