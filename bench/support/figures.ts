/** A row of the table. */
export interface Figure {
  /** As docs/performance.md defines it: S4, S9 … */
  readonly id: string
  readonly label: string
  readonly unit: string
  readonly figure: Spread
  /** The value to compare with; null for an absolute goal. */
  readonly baseline: { readonly name: string; readonly value: Spread } | null
  /**
   * The limit for `ratio`, or for the figure if it has no baseline; null for a figure without a
   * goal.
   */
  readonly goal: { readonly max: number } | { readonly min: number } | null
  readonly notes?: readonly string[]
}

/** Median, lowest and highest of some rounds. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
  readonly rounds: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { median, low: sorted[0]!, high: sorted.at(-1)!, rounds: sorted.length }
}

/** Returns the figure over its baseline, or the figure itself if the goal is absolute. */
export function ratioOf({ figure, baseline }: Figure): number {
  return baseline ? figure.median / baseline.value.median : figure.median
}

export function verdict(figure: Figure): 'met' | 'red' | '' {
  if (!figure.goal) return ''
  const ratio = ratioOf(figure)
  const met = 'max' in figure.goal ? ratio <= figure.goal.max : ratio >= figure.goal.min
  return met ? 'met' : 'red'
}

/** Runs each side in turn, A B A B …, so that noise falls on both. */
export async function interleave<K extends string>(
  rounds: number,
  sides: Record<K, () => Promise<number>>,
): Promise<Record<K, Spread>> {
  const entries = Object.entries(sides) as [K, () => Promise<number>][]
  const values = new Map(entries.map(([name]) => [name, [] as number[]]))
  for (let round = 0; round < rounds; round++)
    for (const [name, run] of entries) values.get(name)!.push(await run())
  return Object.fromEntries(entries.map(([name]) => [name, spread(values.get(name)!)])) as never
}
