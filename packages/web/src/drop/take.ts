import {
  around,
  boxOf,
  FreeSpots,
  type ImageRecord,
  problemIn,
  type StoredImage,
} from '@wirephoto/board'
import { downloadUrl } from '@wirephoto/client'
import { serverUrl } from '../browser/server-url.ts'
import type { Point } from '../geometry/view.ts'
import type { BoardStore } from '../state/board-store.ts'
import type { Camera } from '../state/camera.ts'
import { copiedAs, isOf, type PictureRef, pictureAt, recordOf } from '../state/copied.ts'
import type { People } from '../state/people.ts'
import type { Toasts } from '../state/toasts.ts'
import { messageOf } from '../words/language.ts'
import { noticeOf } from '../words/notices.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'
import { refusal } from './file-type.ts'
import { filesInFolder } from './folders.ts'
import type { Offer } from './offer.ts'
import { type Source, sourcesIn } from './sources.ts'

/* Everything that a drop or a paste brings beside plain files: folders, copies, addresses, pages; and places. */

export { rowsAround } from './rows-around.ts'

/** The most pictures that one page has the server fetch at a time; it takes eight of all pages (X10). */
const FETCHED_AT_ONCE_COUNT = 4

interface AddOptions {
  /** The records that some of the files were copied from. */
  readonly records?: ReadonlyMap<File, ImageRecord>
  /** How to tell of files that can't be added. */
  readonly refusals?: 'singly' | 'summed'
}

/** The ways in which pictures get onto the board. */
export interface Ways {
  readonly boardStore: BoardStore
  readonly camera: Camera
  readonly toasts: Toasts
  readonly people: People
  add(files: readonly File[], at?: Point, options?: AddOptions): Promise<void>
}

/** Takes what is offered: files, else the pictures of a page, else addresses. Says so if there is none. */
export async function take(offer: Offer, at: Point | undefined, ways: Ways): Promise<void> {
  const [file, ...more] = offer.files
  const copied = file && more.length === 0 ? await copiedAs(file).catch(() => null) : null
  if (copied) {
    const found = await Promise.all(copied.map((ref) => find(ref, ways)))
    if (
      await paste(
        found.flatMap((each) => each ?? []),
        at,
        ways,
      )
    )
      return
  }
  const folders = await Promise.all(offer.folders.map(filesInFolder))
  const files = [...offer.files, ...folders.flatMap((folder) => folder.files)]
  const unreadable = folders.flatMap((folder) => folder.unreadable)
  if (unreadable.length > 0) ways.toasts.warn(overlayWords.unreadable(unreadable))
  const groups = sourcesIn(offer.data)
  const addAll = (): Promise<void> =>
    ways.add(files, at, { refusals: offer.folders.length > 0 ? 'summed' : 'singly' })
  // A dragged link may come as a file too, which is no picture.
  const codes =
    groups.length > 0 ? await Promise.all(files.map((each) => refusal(each, each.name))) : []
  if (files.length > 0 && !(codes.length > 0 && codes.every(Boolean))) return addAll()
  if (offer.folders.length > 0) return ways.toasts.warn(overlayWords.emptyFolder)
  let first: string | null = null
  for (const group of groups) {
    const refusals = await takeGroup(group, at, ways)
    const failed = refusals.filter((each) => each !== null)
    if (failed.length < group.length) {
      if (failed[0]) ways.toasts.warn(failed[0])
      if (failed.length > 1) ways.toasts.warn(overlayWords.moreRefused(failed.length - 1))
      return
    }
    first ??= failed[0] ?? null
  }
  ways.toasts.warn(first ?? overlayWords.noPicture)
}

/** Takes pictures from where they are, and returns for each why it couldn't be taken, or null. */
async function takeGroup(
  group: readonly Source[],
  at: Point | undefined,
  ways: Ways,
): Promise<(string | null)[]> {
  const refusals: (string | null)[] = []
  const files = group.flatMap((source) => (source.kind === 'file' ? source.file : []))
  if (files.length > 0) {
    await ways.add(files, at)
    refusals.push(...files.map(() => null))
  }
  const addresses = group.flatMap((source) => (source.kind === 'web' ? source.url : []))
  const found = await Promise.all(addresses.map((url) => ownRecord(url, ways)))
  const own = found.flatMap((each) => each ?? [])
  if (own.length > 0) await paste(own, at, ways)
  refusals.push(...own.map(() => null))
  const foreign = addresses.filter((_, i) => !found[i])
  const fetched = foreign.filter((url) => !url.startsWith(`${serverUrl}/`))
  if (fetched.length < foreign.length) refusals.push(overlayWords.ownAddress)
  if (fetched.length > 0) ways.toasts.say(overlayWords.fetching(fetched.length))
  const isFirst = refusals.length === 0
  const next = fetched.entries()
  const fetchInTurn = async (): Promise<void> => {
    // The others go to the next free spots, since their sizes aren't known.
    for (const [i, url] of next)
      refusals.push(await fetchPicture(ways, url, isFirst && i === 0 ? at : undefined))
  }
  await Promise.all(Array.from({ length: FETCHED_AT_ONCE_COUNT }, fetchInTurn))
  const closed = group.filter(({ kind }) => kind === 'closed')
  refusals.push(...closed.map(() => overlayWords.closedPicture))
  return refusals
}

/**
 * Asks the server to fetch a picture, to a board point or the next free spot. Resolves with the sentence that
 * says why it couldn't, or null.
 */
async function fetchPicture(
  { boardStore, camera, toasts, people }: Ways,
  url: string,
  at: Point | undefined,
): Promise<string | null> {
  if (at) camera.isChosen = true
  const place = at && { x: Math.round(at.x), y: Math.round(at.y) }
  const ask = (): Promise<Response> =>
    fetch(`${serverUrl}/api/boards/${boardStore.board.id}/images/from-url`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url, ...place, by: people.name() ?? '' }),
    })
  try {
    let response = await ask()
    let body = await response.text()
    while (problemIn(response.status, body)?.code === 'too-fast') {
      const waitS = Number(response.headers.get('retry-after')) || 1
      toasts.say(overlayWords.goesOn(waitS))
      await new Promise((resolve) => setTimeout(resolve, waitS * 1_000))
      response = await ask()
      body = await response.text()
    }
    if (response.status !== 201) {
      const problem = problemIn(response.status, body)
      return problem ? messageOf(problem) : overlayWords.answeredBetween
    }
    people.ask()
    // A picture without a place may stand out of view. The chip at the edge tells where.
    const { name, notices } = JSON.parse(body) as StoredImage
    for (const notice of notices) toasts.say(noticeOf(notice, name))
    return null
  } catch {
    return words.needsConnection
  }
}

/** A stored picture, and the board that it is on. */
interface Own {
  readonly board: string
  readonly record: ImageRecord
}

/** Finds the picture of this server that an address leads to; null if it leads elsewhere, or to none. */
async function ownRecord(url: string, ways: Ways): Promise<Own | null> {
  const ref = pictureAt(url)
  return ref && (await find(ref, ways))
}

/** Finds a picture of this board or, through the server, of another one. */
async function find(ref: PictureRef, { boardStore }: Ways): Promise<Own | null> {
  const here = [...boardStore.board.pictures.values()]
  const record =
    ref.board === boardStore.board.id
      ? here.find((each) => isOf(ref, each))
      : await recordOf(ref).catch(() => null)
  return record?.blob ? { board: ref.board, record } : null
}

/** Puts copies of stored pictures on the board. False if none of them can be had any more. */
async function paste(
  pictures: readonly Own[],
  at: Point | undefined,
  ways: Ways,
): Promise<boolean> {
  const { id } = ways.boardStore.board
  const here = pictures.filter(({ board }) => board === id).map(({ record }) => record)
  if (here.length > 0) copyHere(here, at, ways)
  const records = new Map<File, ImageRecord>()
  for (const { board, record } of pictures) {
    const file = board === id ? null : await fileOf(board, record).catch(() => null)
    if (file) records.set(file, record)
  }
  if (records.size > 0) await ways.add([...records.keys()], at, { records })
  return here.length + records.size > 0
}

/** Copies pictures of this board, as they lie to each other: with their middle at a point, or to free room. */
function copyHere(
  records: readonly ImageRecord[],
  at: Point | undefined,
  { boardStore, camera }: Ways,
): void {
  const { board } = boardStore
  const ordered = records.toSorted((a, b) => (a.z < b.z ? -1 : 1))
  const { x, y, w, h } = around(ordered.map(boxOf))!
  const corner = at
    ? { x: at.x - w / 2, y: at.y - h / 2 }
    : new FreeSpots(boardStore.values()).find({ width: w, height: h, w })
  const [dx, dy] = [Math.round(corner.x - x), Math.round(corner.y - y)]
  board.copy(ordered.map((each) => ({ sourceId: each.id, x: each.x + dx, y: each.y + dy })))
  if (at) camera.isChosen = true
  else camera.reveal({ x: x + dx, y: y + dy, w, h })
}

async function fileOf(board: string, record: ImageRecord): Promise<File | null> {
  const response = await fetch(downloadUrl({ url: serverUrl, id: board }, record))
  if (!response.ok) return null
  return new File([await response.blob()], record.name, { type: record.type ?? '' })
}
