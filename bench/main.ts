/** `npm run bench` runs all, `npm run bench -- fanout growth` the named ones. */
import { badConnection } from './bad-connection.ts'
import { commands } from './commands.ts'
import { engines } from './engines.ts'
import { fairness } from './fairness.ts'
import { fanout } from './fanout.ts'
import { growth } from './growth.ts'
import { ingest } from './ingest.ts'
import { knee } from './knee.ts'
import { memory } from './memory.ts'
import { overview } from './overview.ts'
import { picture } from './picture.ts'
import { pushes } from './pushes.ts'
import { screensBench } from './screens.ts'
import { slots } from './slots.ts'
import { start } from './start.ts'
import type { Figure } from './support/figures.ts'
import { report } from './support/report.ts'
import { weight } from './weight.ts'
import { whole } from './whole.ts'

const benches: Record<string, () => Promise<Figure[]>> = {
  picture,
  whole,
  fanout,
  growth,
  pushes,
  slots,
  ingest,
  commands,
  start,
  weight,
  screens: screensBench,
  engines,
  memory,
  knee,
  fairness,
  overview,
  'bad-connection': badConnection,
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in benches))
if (unknown.length > 0) {
  console.error(
    `There is no bench ${unknown.join(', ')}. There are ${Object.keys(benches).join(', ')}.`,
  )
  process.exit(2)
}

const figures: Figure[] = []
for (const [name, run] of Object.entries(benches)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  console.log(`${name} …`)
  figures.push(...(await run()))
}
await report(figures)
