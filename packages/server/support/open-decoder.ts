import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cleanupAfter } from '../../../test/support/cleanup.ts'
import { Decoder } from '../src/images/decoding/decoder.ts'

/** Opens a decoder, and a folder for the files that it reads, for all tests of a file. */
export async function openDecoder(
  options: ConstructorParameters<typeof Decoder>[0] = {},
): Promise<{ decoder: Decoder; folder: string }> {
  const stack = cleanupAfter()
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-decoder-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const decoder = stack.adopt(new Decoder(options), (each) => each.close())
  return { decoder, folder }
}
