import {
  type Decided,
  type ErrorCode,
  type HeldNews,
  type ImageRecord,
  WireError,
} from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { Audit } from '../audit/audit.ts'
import { SERVER } from '../boards/boards.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Sender } from '../boards/sender.ts'
import { failpoint } from '../failpoint.ts'
import type { ImagePipeline } from '../images/pipeline.ts'
import type { HeldLogs } from './held-logs.ts'

interface Options {
  readonly logs: HeldLogs
  readonly engine: Pick<Engine, 'blobs'>
  readonly images: Pick<ImagePipeline, 'blobUses' | 'variants'>
  readonly audit: Pick<Audit, 'notePictures'>
}

/** Decides about pictures that wait, for those who own their board. */
export class Moderation {
  /** Tells a sender what became of their pictures. */
  onDecided: (board: string, visitor: string, news: HeldNews) => void = () => {}
  readonly #options: Options

  constructor(options: Options) {
    this.#options = options
  }

  /**
   * Lets pictures onto the board, and then takes them out of those that wait. After a crash between both they are on
   * the board, and the same decision, or the next look at the log, does the rest.
   */
  async approve(board: LiveBoard, ids: readonly string[], owner: Sender): Promise<Decided> {
    const { logs, images, audit } = this.#options
    using log = await logs.find(board)
    if (log) await refreshFor(log.board, ids)
    const failed = new Map<string, ErrorCode>()
    const waiting: ImageRecord[] = []
    for (const id of ids) {
      const image = log?.board.records.get(id)
      if (image?.kind === 'image' && image.deletedAt === null) {
        if (image.blob === null) failed.set(id, 'not-found')
        else waiting.push(image)
      }
    }
    const blobs = waiting.flatMap(blobsOf)
    // From here on nobody sweeps them, whatever is decided elsewhere at the same time.
    using _use = images.blobUses.begin(blobs)
    const kept = new Set<string>()
    for (const blob of new Set(blobs))
      if (await this.#options.engine.blobs.renew(blob)) kept.add(blob)
    const sound = waiting.filter(
      (image) => log?.board.records.has(image.id) && blobsOf(image).every((blob) => kept.has(blob)),
    )
    if (sound.length > 0) {
      await admit(board, sound, failed)
      failpoint('held.admitted')
    }
    await refreshFor(board, ids)
    const done = ids.filter((id) => board.records.has(id))
    const admitted = sound.filter(({ id }) => board.records.has(id))
    for (const { id } of admitted) images.variants.enqueue(board.id, board.records.get(id))
    if (log) await release(log.board, done)
    if (admitted.length > 0) audit.notePictures(board, 'approve', owner, admitted.map(idOf))
    this.#tell(board, admitted, 'approved')
    return decided(ids, done, failed)
  }

  /** Turns pictures away for good. Their files go too, unless another picture has the same. */
  async refuse(board: LiveBoard, ids: readonly string[], owner: Sender): Promise<Decided> {
    const { logs, audit } = this.#options
    using log = await logs.find(board)
    if (!log) return decided(ids, [], new Map())
    await refreshFor(log.board, ids)
    const images = ids.flatMap((id) => {
      const image = log.board.records.get(id)
      return image?.kind === 'image' ? [image] : []
    })
    await release(log.board, images.map(idOf))
    if (images.length > 0) audit.notePictures(board, 'refuse', owner, images.map(idOf))
    this.#tell(board, images, 'refused')
    return decided(ids, images.map(idOf), new Map())
  }

  #tell(board: LiveBoard, images: readonly ImageRecord[], outcome: HeldNews[string]): void {
    const byAuthor = Map.groupBy(images, ({ author }) => author)
    for (const [author, own] of byAuthor)
      this.onDecided(board.id, author, Object.fromEntries(own.map(({ id }) => [id, outcome])))
  }
}

const idOf = ({ id }: ImageRecord): string => id

const blobsOf = ({ blob, original }: ImageRecord): string[] =>
  [blob, original?.blob].filter((each) => typeof each === 'string')

/** Puts pictures onto a board in one batch. Those that it has no room for go to `failed`. */
async function admit(
  board: LiveBoard,
  images: readonly ImageRecord[],
  failed: Map<string, ErrorCode>,
): Promise<void> {
  const commands = images.map((image) => ({ kind: 'image.admit', id: image.id, image }) as const)
  try {
    await board.act(commands, SERVER)
  } catch (error) {
    // The others are there.
    if (!(error instanceof WireError) || error.status >= 500) throw error
    for (const { id } of images) if (!board.records.has(id)) failed.set(id, error.code)
  }
}

/** Takes pictures out of a log, if they are there. */
async function release(log: LiveBoard, ids: readonly string[]): Promise<void> {
  const commands = ids
    .filter((id) => log.records.has(id))
    .map((id) => ({ kind: 'image.release', id }) as const)
  if (commands.length === 0) return
  await log.act(commands, SERVER).catch((error: unknown) => {
    // Another server has done it.
    if (!(error instanceof WireError && error.code === 'unknown-picture')) throw error
  })
}

/** Reads what other servers have appended if a picture isn't known here. */
async function refreshFor(board: LiveBoard, ids: readonly string[]): Promise<void> {
  if (!ids.every((id) => board.records.has(id))) await board.refresh()
}

/** Returns the answer to a decision. A picture that it neither holds nor fails for is gone. */
function decided(
  ids: readonly string[],
  done: readonly string[],
  failed: ReadonlyMap<string, ErrorCode>,
): Decided {
  const left = ids.filter((id) => !done.includes(id))
  return {
    done,
    failed: left.map((id) => {
      const { code, message } = new WireError(failed.get(id) ?? 'unknown-picture').toJSON()
      return { id, error: { code, message } }
    }),
  }
}
