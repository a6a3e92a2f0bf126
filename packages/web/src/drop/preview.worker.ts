import { thumbhashOf } from './thumbhash.ts'

/** Files in, their thumbhashes out, one at a time; null for what can't be decoded here. */
self.onmessage = async ({ data }: MessageEvent<{ n: number; file: Blob }>) => {
  const thumbhash = await thumbhashOf(data.file).catch(() => null)
  self.postMessage({ n: data.n, thumbhash })
}
