/** Bytes from `start` up to and excluding `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Parses one range (RFC 9110 section 14.2). Null means the whole: no range, several, or not understood. */
export function rangeOf(
  header: string | undefined,
  bytes: number,
): ByteRange | 'unsatisfiable' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return null
  const [first, last] = [match[1], match[2]].map((text) => (text ? Number(text) : null))
  const start = first ?? Math.max(0, bytes - last!)
  const end = first === null || last === null ? bytes : Math.min(last! + 1, bytes)
  if (first !== null && last !== null && last! < first!) return null
  return start < end ? { start, end } : 'unsatisfiable'
}
