/** Returns the last list if the next has the same ids in the same order, so that memos don't notify. */
export function stableList(last: readonly string[], next: readonly string[]): readonly string[] {
  return last.length === next.length && last.every((id, i) => id === next[i]) ? last : next
}
