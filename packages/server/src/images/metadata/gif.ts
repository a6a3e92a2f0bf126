import type { Scrubbing, StreamEditor } from './stream-editor.ts'

/** GIF89a appendix A. */
const [IMAGE, EXTENSION, TRAILER] = [0x2c, 0x21, 0x3b]
const [CONTROL, APPLICATION] = [0xf9, 0xff]
/** The applications that tell how often it repeats, and the colour profile. */
const APPLICATIONS = ['NETSCAPE2.0', 'ANIMEXTS1.0', 'ICCRGBG1012'] as const

/**
 * Frames, their times, repetition and the colour profile stay. Of comments, plain text and what other
 * applications have written only the lengths of the blocks are left.
 */
export function* scrubGif(tape: StreamEditor): Scrubbing {
  yield* tape.keep(10)
  yield* keepTable(tape)
  for (;;) {
    const kind = yield* tape.byte()
    if (kind === IMAGE) {
      yield* tape.keep(8)
      yield* keepTable(tape, 0)
      yield* tape.keep(1)
      for (let length = 1; length > 0; ) {
        length = yield* tape.byte()
        yield* tape.keep(length)
      }
    } else if (kind === EXTENSION) yield* scrubExtension(tape, yield* tape.byte())
    else if (kind !== 0) {
      // Some writers leave zeros between blocks; anything else is the end.
      tape.replace(TRAILER)
      return
    }
  }
}

/** The flags, and the colour table that they tell of, which begins so many bytes later. */
function* keepTable(tape: StreamEditor, after = 2): Scrubbing {
  const flags = yield* tape.byte()
  yield* tape.keep(after)
  if (flags & 0x80) yield* tape.keep(3 * 2 ** ((flags & 7) + 1))
}

function* scrubExtension(tape: StreamEditor, label: number): Scrubbing {
  let length = yield* tape.byte()
  let application: (typeof APPLICATIONS)[number] | null = null
  if (label === CONTROL && length === 4) {
    yield* tape.keep(4)
    length = yield* tape.byte()
  } else if (label === APPLICATION && length === 11) {
    const end = tape.position + 11
    application = yield* tape.match(APPLICATIONS, end)
    yield* tape.wipeTo(end)
    length = yield* tape.byte()
  }
  while (length > 0) {
    if (application === 'ICCRGBG1012') yield* tape.keep(length)
    else if (application) yield* scrubRepetition(tape, length)
    else yield* tape.wipe(length)
    length = yield* tape.byte()
  }
}

/** How often it repeats, or how much to read ahead. */
function* scrubRepetition(tape: StreamEditor, length: number): Scrubbing {
  const what = yield* tape.byte()
  if ((what === 1 && length === 3) || (what === 2 && length === 5)) yield* tape.keep(length - 1)
  else {
    tape.replace(0)
    yield* tape.wipe(length - 1)
  }
}
