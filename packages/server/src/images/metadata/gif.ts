import type { Scrubbing, StreamEditor } from './stream-editor.ts'

/** Labels of GIF89a appendix A. */
const [IMAGE, EXTENSION, TRAILER] = [0x2c, 0x21, 0x3b]
const [CONTROL, APPLICATION] = [0xf9, 0xff]
/** Application extensions that stay: repetition and colour profile. */
export const KEPT_APPLICATIONS = ['NETSCAPE2.0', 'ANIMEXTS1.0', 'ICCRGBG1012'] as const

/**
 * Scrubs a GIF. Frames, their times, repetition and colour profile stay. Comments, plain text and other
 * application extensions keep only the lengths of their blocks.
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
      // Some writers leave zeros between blocks. Any other byte ends the picture.
      editor.replaceLast(TRAILER)
      return
    }
  }
}

/** Keeps the flags and the colour table that they announce, which starts `gap` bytes later. */
function* keepTable(editor: StreamEditor, gap = 2): Scrubbing {
  const flags = yield* editor.readByte()
  yield* editor.keep(gap)
  if (flags & 0x80) yield* editor.keep(3 * 2 ** ((flags & 7) + 1))
}

function* scrubExtension(editor: StreamEditor, label: number): Scrubbing {
  let length = yield* editor.readByte()
  let application: (typeof KEPT_APPLICATIONS)[number] | null = null
  if (label === CONTROL && length === 4) {
    yield* editor.keep(4)
    length = yield* editor.readByte()
  } else if (label === APPLICATION && length === 11) {
    const end = editor.position + 11
    application = yield* editor.match(KEPT_APPLICATIONS, end)
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

/** Keeps how often the animation repeats, or how much to buffer. */
function* scrubRepetition(editor: StreamEditor, length: number): Scrubbing {
  const id = yield* editor.readByte()
  if ((id === 1 && length === 3) || (id === 2 && length === 5)) yield* editor.keep(length - 1)
  else {
    editor.replaceLast(0)
    yield* editor.wipe(length - 1)
  }
}
