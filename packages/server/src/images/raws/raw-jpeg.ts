import { type FileHandle, open } from 'node:fs/promises'
import { writeAll } from '../metadata/edit-plan.ts'
import { Scrubber } from '../metadata/scrubber.ts'
import { type JpegInside, largestJpeg } from './jpeg-inside.ts'
import { type RawLayout, rawLayout } from './raw-layout.ts'

/** The part of the sensor's longest side that a JPEG needs to stand for the photograph. */
const MIN_SIDE_FACTOR = 0.5
const CHUNK_BYTES = 1_048_576

/**
 * Copies the largest JPEG inside a camera's raw file to `to`, scrubbed unless the metadata stays, and turned
 * as the raw file says. Returns false if there is none that is large enough.
 */
export async function copyRawJpeg(
  path: string,
  to: string,
  keepMetadata: boolean,
): Promise<boolean> {
  await using file = await open(path)
  const layout = await rawLayout(file)
  if (!layout) return false
  const jpeg = await largestJpeg(file)
  if (!jpeg || Math.max(jpeg.width, jpeg.height) < layout.sensorSide * MIN_SIDE_FACTOR) return false
  await using copy = await open(to, 'w')
  const scrubber = keepMetadata ? null : new Scrubber()
  let length = 0
  const write = async (bytes: Buffer) => {
    await writeAll(copy, bytes, length)
    length += bytes.length
  }
  for await (const bytes of turnedJpeg(file, jpeg, layout))
    await write(scrubber?.scrub(bytes) ?? bytes)
  if (scrubber) await write(scrubber.end())
  await copy.datasync()
  return true
}

/** Yields the JPEG's bytes, with an orientation where it has none of its own. */
async function* turnedJpeg(
  file: FileHandle,
  { start, end, hasOrientation }: JpegInside,
  { orientation }: RawLayout,
): AsyncGenerator<Buffer> {
  let position = start
  if (!hasOrientation && orientation > 1 && orientation <= 8) {
    yield Buffer.concat([START_OF_IMAGE, orientationSegment(orientation)])
    position += START_OF_IMAGE.length
  }
  for (; position < end; position += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES, end - position)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position)
    yield buffer.subarray(0, bytesRead)
  }
}

const START_OF_IMAGE = Buffer.from([0xff, 0xd8])

/** Creates EXIF with an orientation alone. EXIF 2.32 sections 4.5.2 and 4.7.2. */
function orientationSegment(orientation: number): Buffer {
  const directory = Buffer.from([0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation])
  const body = Buffer.concat([Buffer.from('Exif\0\0MM\0*'), directory, Buffer.alloc(6)])
  const head = Buffer.from([0xff, 0xe1, 0, 0])
  head.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([head, body])
}
