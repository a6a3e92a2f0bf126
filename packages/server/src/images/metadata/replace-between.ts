/**
 * Replaces each part from a mark through the next end mark, in one pass. A regular expression would look for each
 * end as far as the end of the text.
 */
export function replaceBetween(
  text: string,
  start: string,
  end: string,
  replace: (part: string) => string,
): string {
  const out: string[] = []
  let at = 0
  for (;;) {
    const from = text.indexOf(start, at)
    const last = from < 0 ? -1 : text.indexOf(end, from + start.length)
    if (last < 0) break
    out.push(text.slice(at, from), replace(text.slice(from, last + end.length)))
    at = last + end.length
  }
  out.push(text.slice(at))
  return out.join('')
}
