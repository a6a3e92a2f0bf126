import { drawPicture } from '../test/support/pictures.ts'
import { type Pusher, stalled } from './memory.ts'
import { comparePushes, relay, type Send, type Side } from './pushes.ts'
import { type Figure, spread } from './support/figures.ts'
import { putFrame } from './support/raw-client.ts'

const FRAMES_PER_S = 30
const ROUND_COUNT = 5
/** Frames of a round: 20 s. */
const ROUND_FRAME_COUNT = 600
/** Bytes of frames that reach those who read, beside stalled viewers. */
const PUSHED_BYTES = 1e9
/** Frames that follow each other, so that what is stored differs. */
const FRAME_COUNT = 8

/** S3, S5 and the stalled viewers of S12 for live frames: 30 a second to 100 viewers. */
export async function slots({
  roundCount = ROUND_COUNT,
  frameCount = ROUND_FRAME_COUNT,
  pushedBytes = PUSHED_BYTES,
} = {}): Promise<Figure[]> {
  const frames = await drawFrames()
  const open = async (port: number): Promise<Pusher> => {
    const put = sender(frames)
    await put(port)
    return {
      bytes: frames[0]!.length,
      perSecond: FRAMES_PER_S,
      push: (isSent) => {
        isSent()
        return put(port)
      },
    }
  }
  return [
    ...(await fanout(frames, roundCount, frameCount)),
    ...(await stalled({ what: 'live frames', open, roundCount, pushedBytes })),
  ]
}

function fanout(
  frames: readonly Buffer[],
  roundCount: number,
  frameCount: number,
): Promise<Figure[]> {
  const size = `${Math.round(frames[0]!.length / 1000)} KB`
  const previews = Object.fromEntries(frames.map((frame, i) => [`frame-${i}`, frame]))
  const pushed = {
    // A round that was held up catches up, at more frames a second.
    args: ['--bound', 'frames-per-second=1000'],
    roundCount,
    work: { pushes: frameCount, pace: 1_000 / FRAMES_PER_S },
    newSend: () => sendFrames(frames),
    relayOf: async () => () => relay('', previews),
    baselines: ['pushes-ws'],
  }
  const unit = 'CPU-s per GB'
  return comparePushes(pushed, (product, others) => {
    const [plain] = others as [Side]
    return [
      {
        id: 'S3a',
        label: `fan-out of live frames of ${size}, ${FRAMES_PER_S} a second, 100 viewers`,
        unit,
        figure: product.fanout,
        baseline: { name: 'plain ws', value: plain.fanout },
        goal: { max: 1 },
      },
      {
        id: 'S3b',
        label: 'the whole way of a frame beside passing it on',
        unit,
        figure: product.whole,
        baseline: { name: 'plain ws', value: plain.whole },
        goal: { max: 1.2 },
        notes: [
          'the whole way has a PUT for each frame, its header check and scrubbing, and one a second that is stored; decoding is in a child, which is not counted',
        ],
      },
      {
        id: 'S5',
        label: `bytes on the wire for a byte of a live frame of ${size}`,
        unit: '',
        figure: spread(product.loads.map(({ many }) => many.frameRatio)),
        baseline: null,
        goal: { max: 1.01 },
        notes: [
          `with all else that the line brought: ${spread(product.loads.map(({ many }) => many.wireRatio)).median.toFixed(3)}`,
        ],
      },
    ]
  })
}

/** Sends one frame after the other to a live slot. The first one makes the tile, and is no push. */
function sendFrames(frames: readonly Buffer[]): Send {
  const put = sender(frames)
  let hasTile = false
  return async (_rawClient, { port, board }) => {
    await put(port, board)
    if (hasTile) return 1
    hasTile = true
    return 0
  }
}

/** Returns a function that puts the next frame. */
function sender(frames: readonly Buffer[]): (port: number, board?: string) => Promise<void> {
  let next = 0
  return (port, board) => putFrame(port, frames[next++ % frames.length]!, board)
}

/** Draws frames of one length, as a camera of 640 by 360 sends them. */
async function drawFrames(): Promise<Buffer[]> {
  const drawn = await Promise.all(
    Array.from({ length: FRAME_COUNT }, (_, i) =>
      drawPicture({ width: 640, height: 360, seed: i + 1, quality: 80 }),
    ),
  )
  return drawn
}
