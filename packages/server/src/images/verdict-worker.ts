import type { MediaType } from '@wirephoto/board'
import sharp from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'

/** What the process is asked: one picture at a time. */
export interface Question {
  readonly path: string
  readonly type: MediaType
  readonly limits: {
    /** Pixels, and pixels of one side. */
    readonly pixels: number
    readonly side: number
    /** Seconds of this process's CPU time, so that a busy machine refuses no sound picture (F8). */
    readonly seconds: number
    /** Resident bytes. */
    readonly memory: number
  }
}

export type Reply =
  | { readonly width: number; readonly height: number; readonly thumbhash: string }
  | { readonly tooLarge: { readonly width: number; readonly height: number } }
  | { readonly damaged: string /** The process ends with it. */; readonly last?: true }

const FORMATS: Record<string, MediaType> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  heif: 'image/avif',
}
/** Milliseconds between looks at what a picture takes. */
const LOOK = 50
/** Longest side that a thumbhash is made of, in pixels. */
const TINY = 100

sharp.cache(false)
sharp.concurrency(1)
process.on('message', (question: Question) => {
  void judge(question).then((reply) => process.send!(reply))
})
// A terminal or a service manager means the server, which ends this process when it needs it no more.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
process.on('disconnect', () => process.exit())
process.send!('ready')

async function judge(question: Question): Promise<Reply> {
  const watch = watchOver(question.limits)
  try {
    return await decode(question)
  } catch (error) {
    return { damaged: String(error) }
  } finally {
    clearInterval(watch)
  }
}

/** Decodes every row, so that a picture that is cut off is found out. */
async function decode({ path, type, limits }: Question): Promise<Reply> {
  const header = await sharp(path, { limitInputPixels: false }).metadata()
  if (FORMATS[header.format] !== type) return { damaged: `is ${header.format}, not ${type}` }
  const { width, height } = header.autoOrient
  if (width * height > limits.pixels || Math.max(width, height) > limits.side)
    return { tooLarge: { width, height } }

  // `error` takes what browsers show (broken metadata) and refuses what they show in part.
  const { data, info } = await sharp(path, {
    failOn: 'error',
    limitInputPixels: limits.pixels,
    sequentialRead: true,
  })
    .autoOrient()
    .resize(TINY, TINY, { fit: 'inside' })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const thumbhash = Buffer.from(rgbaToThumbHash(info.width, info.height, data)).toString('base64')
  return { width, height, thumbhash }
}

/** libvips works on threads of its own, so this one is free to end the process. */
function watchOver({ seconds, memory }: Question['limits']): NodeJS.Timeout {
  const before = process.cpuUsage()
  return setInterval(() => {
    const { user, system } = process.cpuUsage(before)
    if ((user + system) / 1e6 < seconds && process.memoryUsage.rss() < memory) return
    const reply: Reply = { damaged: 'takes too much to decode', last: true }
    process.send!(reply, () => process.exit())
  }, LOOK)
}
