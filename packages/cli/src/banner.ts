import { basePathOf } from '@wirephoto/server/public-url'
import { renderUnicodeCompact } from 'uqr'

/** Where a server runs, as its banner says it. */
interface RunningAt {
  readonly port: number
  readonly host: string
  /** The public URL, or null. */
  readonly outside: string | null
  /** Where other computers reach it, `outside` included. */
  readonly urlsForOthers: readonly string[]
  /** Absolute path of the data folder. */
  readonly data: string
  /** URL of a database that servers share, without its password; null for a data folder alone. */
  readonly shared: string | null
  /** The URL of the bus, without its password; null for none. */
  readonly bus: string | null
  /** Where other servers reach this one; null for nowhere. */
  readonly nodeUrl: string | null
  /** The board that --classic opens to everybody, and its second port; null without --classic. */
  readonly classic: { readonly board: string; readonly port: number | null } | null
  /** Whom the front board is for: this computer, all who reach the server, or those who have a link or the code. */
  readonly front: 'private' | 'open' | 'closed'
  /** The code that makes who enters it the server's owner; null if none could be made. */
  readonly ownerCode: string | null
  /** A sentence on what is wrong with the Node that runs it, or null. */
  readonly warning: string | null
}

/** Returns the text that the operator reads when the server is up. */
export function banner(at: RunningAt): string {
  const { port, host, outside, data, shared, classic, front, ownerCode, warning } = at
  const everywhere = host === '0.0.0.0' || host === '::'
  const near = everywhere || host === '127.0.0.1' ? 'localhost' : host
  const around = everywhere ? at.urlsForOthers.filter((url) => url !== outside) : []
  const shown = outside ?? around[0]
  const lines = [
    `Wirephoto is at ${urlOf(near, port)}${basePathOf(outside)}`,
    ...(outside ? [`  from outside: ${outside}`] : []),
    ...around.map((url) => `  on this network: ${url}`),
    ...(classic?.port ? [`  and at ${urlOf(near, classic.port)}`] : []),
    ...(classic
      ? [`Whoever reaches it may see and change the board ${classic.board}, which --classic opens`]
      : []),
    ...(front === 'closed' ? ['Only who has the owner code or a link gets in'] : []),
    ...(front === 'open' && classic?.board !== 'main'
      ? ['Whoever reaches it may see and change the front board, which --open opens']
      : []),
    ownerCode
      ? `Owner code, good once within ten minutes: ${ownerCode}`
      : 'No owner code could be written; npx wirephoto owner-code makes one',
    ...(shared
      ? [
          `Boards and pictures lie in ${shared}, uploads on their way in ${data}`,
          `Other servers may share them. ${crossing(at)}`,
        ]
      : [`Boards and pictures lie in ${data}`]),
    ...(warning ? [warning] : []),
    ...(everywhere && shown ? ['', renderUnicodeCompact(shown), ''] : []),
  ]
  return `${lines.join('\n')}\n`
}

const UPLOADS_STAY =
  'Uploads, downloads, answers by an Idempotency-Key, files while they grow and large previews stay on the server where they began; --node-url lets them cross.'
const OWN =
  'The bounds of commands, sockets, new boards and archives are its own; stays in /readyz lists all that stays.'

/** Says what reaches people on other servers beside changes. */
function crossing({ bus, nodeUrl }: RunningAt): string {
  if (bus === null && nodeUrl === null)
    return `Who is here, drags what and has seen what, progress, previews, live frames and what is shown to all, each shows to its own visitors; --bus or --node-url lets that cross. ${UPLOADS_STAY} ${OWN}`
  const by = bus ?? `their own connections; they reach this one at ${nodeUrl}`
  const uploads = nodeUrl === null ? ` ${UPLOADS_STAY}` : ''
  return `Who is here, drags what and has seen what, progress, previews, live frames and what is shown to all crosses by ${by}.${uploads} ${OWN}`
}

const urlOf = (name: string, port: number): string =>
  `http://${name.includes(':') ? `[${name}]` : name}:${port}`
