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
export function* scrubGif(editor: StreamEditor): Scrubbing {
  yield* editor.keep(10)
  yield* keepTable(editor)
  for (;;) {
    const kind = yield* editor.readByte()
    if (kind === IMAGE) {
      yield* editor.keep(8)
      yield* keepTable(editor, 0)
      yield* editor.keep(1)
      for (let length = 1; length > 0; ) {
        length = yield* editor.readByte()
        yield* editor.keep(length)
      }
    } else if (kind === EXTENSION) yield* scrubExtension(editor, yield* editor.readByte())
    else if (kind !== 0) {
      // Some writers leave zeros between blocks; anything else is the end.
      editor.replaceLast(TRAILER)
      return
    }
  }
}

/** The flags, and the colour table that they tell of, which begins so many bytes later. */
function* keepTable(editor: StreamEditor, after = 2): Scrubbing {
  const flags = yield* editor.readByte()
  yield* editor.keep(after)
  if (flags & 0x80) yield* editor.keep(3 * 2 ** ((flags & 7) + 1))
}

function* scrubExtension(editor: StreamEditor, label: number): Scrubbing {
  let length = yield* editor.readByte()
  let application: (typeof APPLICATIONS)[number] | null = null
  if (label === CONTROL && length === 4) {
    yield* editor.keep(4)
    length = yield* editor.readByte()
  } else if (label === APPLICATION && length === 11) {
    const end = editor.position + 11
    application = yield* editor.match(APPLICATIONS, end)
    yield* editor.wipeTo(end)
    length = yield* editor.readByte()
  }
  while (length > 0) {
    if (application === 'ICCRGBG1012') yield* editor.keep(length)
    else if (application) yield* scrubRepetition(editor, length)
    else yield* editor.wipe(length)
    length = yield* editor.readByte()
  }
}

/** How often it repeats, or how much to read ahead. */
function* scrubRepetition(editor: StreamEditor, length: number): Scrubbing {
  const what = yield* editor.readByte()
  if ((what === 1 && length === 3) || (what === 2 && length === 5)) yield* editor.keep(length - 1)
  else {
    editor.replaceLast(0)
    yield* editor.wipe(length - 1)
  }
}
