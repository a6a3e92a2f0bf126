import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { type Figure, ratioOf, type Spread, verdict } from './figures.ts'

const RESULTS_FOLDER = resolve(import.meta.dirname, '../results')
const RED = '\x1b[31m'
const PLAIN = '\x1b[0m'

/** Prints the table, and writes it as JSON and as a chart. */
export async function report(figures: readonly Figure[]): Promise<void> {
  console.log(`\n${table(figures)}`)
  for (const { id, notes = [] } of figures) for (const note of notes) console.log(`${id}: ${note}`)
  const at = new Date().toISOString()
  const machine = `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}`
  const name = join(RESULTS_FOLDER, at.slice(0, 19).replaceAll(':', ''))
  const rows = figures.map((figure) => ({
    ...figure,
    ratio: ratioOf(figure),
    verdict: verdict(figure),
  }))
  await mkdir(RESULTS_FOLDER, { recursive: true })
  await writeFile(`${name}.json`, JSON.stringify({ at, machine, figures: rows }, null, 2))
  await writeFile(`${name}.svg`, chart(figures, `${at.slice(0, 10)}, ${machine}`))
  console.log(`\n${machine}\n${name}.json and .svg`)
}

function table(figures: readonly Figure[]): string {
  const head = ['', 'what', 'figure', 'baseline', 'ratio', 'goal', '']
  const rows = figures.map((figure) => [
    figure.id,
    figure.label,
    `${formatSpread(figure.figure)} ${figure.unit}`,
    figure.baseline ? `${formatSpread(figure.baseline.value)} ${figure.baseline.name}` : '',
    figure.baseline ? formatNumber(ratioOf(figure)) : '',
    formatGoal(figure),
    verdict(figure),
  ])
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]!.length)),
  )
  return [head, ...rows]
    .map((row) => {
      const line = row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd()
      return row.at(-1) === 'red' ? `${RED}${line}${PLAIN}` : line
    })
    .join('\n')
}

/** Draws how much of each goal is used up, as a bar; one vertical line marks the goal. */
function chart(figures: readonly Figure[], caption: string): string {
  const bars = figures.filter(({ goal }) => goal)
  const [left, full, row] = [430, 300, 30]
  const height = 60 + bars.length * row
  const lines = bars.map((figure, i) => {
    const y = 40 + i * row
    const share = Math.min(usedShare(figure), 1.8)
    const colour = verdict(figure) === 'met' ? '#0B7A75' : '#B3231A'
    const value = figure.baseline
      ? `${formatNumber(ratioOf(figure))} x`
      : formatSpread(figure.figure)
    return `<text x="10" y="${y + 14}">${escapeXml(`${figure.id} ${figure.label}`)}</text>
<rect x="${left}" y="${y}" width="${(share * full).toFixed(1)}" height="18" fill="${colour}"/>
<text x="${left + share * full + 6}" y="${y + 14}">${escapeXml(`${value} (goal ${formatGoal(figure)})`)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="1120" height="${height}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#F7F6F2"/>
<text x="10" y="22" font-weight="bold">How much of each goal is used up: left of the line it is met</text>
${lines.join('\n')}
<path d="M${left + full} 32V${height - 24}" stroke="#1C1A17"/>
<text x="10" y="${height - 8}" fill="#55514A">${escapeXml(caption)}</text>
</svg>
`
}

/** Returns 1 when the goal is just met, less when it is met with room to spare. */
function usedShare(figure: Figure): number {
  const { goal } = figure
  if (!goal) return 0
  return 'max' in goal ? ratioOf(figure) / goal.max : goal.min / ratioOf(figure)
}

function formatGoal({ goal, baseline }: Figure): string {
  if (!goal) return ''
  const times = baseline ? ' x' : ''
  return 'max' in goal ? `≤ ${goal.max}${times}` : `≥ ${goal.min}${times}`
}

const formatSpread = ({ median, low, high, rounds }: Spread): string =>
  rounds > 1
    ? `${formatNumber(median)} (${formatNumber(low)}–${formatNumber(high)})`
    : formatNumber(median)

const formatNumber = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
