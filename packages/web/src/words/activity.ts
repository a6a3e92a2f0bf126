import type { AuditAct, AuditEntry } from '@wirephoto/board'
import { inLanguage } from './language.ts'

/** The sentences of the panel that tells owners what was done on their board. */
export const activityWords = inLanguage('activity', {
  hint: 'Who did what on this board, for its owners alone.',
  empty: 'Nothing to tell yet.',
  emptyHint: 'What people add, delete and change is listed here.',
  entries: 'What was done',
  earlier: 'Earlier',
  again: 'Try again',
  loading: 'Fetching the list.',
  somebody: 'Somebody',
  you: 'You',
  openLarge: (name: string): string => `Open large: ${name}`,
  further: (n: number): string => `and ${n} more`,
  /** Says what somebody did: `Ben deleted 3 pictures.` */
  told: (who: string, { act, count, settings = {}, link }: AuditEntry): string => {
    const n = pictures(count)
    const named = link ? `the link ${ROLE_WORDS[link.role]}${link.label && ` “${link.label}”`}` : ''
    const acts: Record<AuditAct, string> = {
      add: `${who} added ${n}.`,
      remove: `${who} deleted ${n}.`,
      restore: `${who} put back ${n}.`,
      replace: `${who} gave ${n} another file.`,
      purge: `${who} chose to delete ${n} for good.`,
      keep: `${who} kept ${n} in the trash.`,
      erase: `${n} ${count === 1 ? 'is' : 'are'} gone for good.`,
      approve: `${who} let ${n} onto the board.`,
      refuse: `${who} turned away ${n}.`,
      settings: `${who} ${listOf(settingsTold(settings))}.`,
      'link-made': `${who} made ${named}.`,
      'link-changed': `${who} changed ${named}.`,
      'link-renewed': `${who} renewed ${named}. The old one ended.`,
      'link-revoked': `${who} revoked ${named}.`,
      access: `${who} changed who can come to this board.`,
      closed: `${who} closed this board to all but its links.`,
      came: `${who} came by ${named || 'a code'}.`,
    }
    return acts[act]
  },
})

const ROLE_WORDS = { view: 'to look', add: 'to add', edit: 'to change', own: 'to own' } as const

const ADDING_WORDS = {
  open: 'let guests add pictures',
  held: "had guests' pictures wait",
  paused: 'had guests add no pictures',
} as const

/** Says what was set, each as the rest of a sentence. */
function settingsTold({
  title,
  trashDays,
  keepMetadata,
  adding,
}: AuditEntry['settings'] & {}): string[] {
  const told: string[] = []
  if (title !== undefined)
    told.push(title === '' ? "took away the board's name" : `named the board “${title}”`)
  if (trashDays !== undefined)
    told.push(`set the trash to ${trashDays === 1 ? '1 day' : `${trashDays} days`}`)
  if (keepMetadata !== undefined)
    told.push(
      keepMetadata
        ? 'had pictures keep what their files say'
        : 'had only the picture kept of each file',
    )
  if (adding !== undefined) told.push(ADDING_WORDS[adding])
  return told.length > 0 ? told : ['changed the settings']
}

const listOf = (parts: readonly string[]): string =>
  parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : (parts[0] ?? '')

const pictures = (n: number): string => (n === 1 ? '1 picture' : `${n} pictures`)
