import type { IconName } from '../look/icon.tsx'
import { words } from '../words/page.ts'

const { keys: names } = words

/** Something that a person can do. Buttons, menus, keys, the sheet and the palette all take it from here. */
export interface Action {
  readonly group: 'pictures' | 'view' | 'board'
  readonly label: string
  readonly icon: IconName
  /** Chords like `mod+shift+z`; the first is the one that is shown. */
  readonly keys: readonly string[]
  /** Whether it would do something now, as a signal; left out: always. */
  readonly isPossible?: () => boolean
  /** Does no harm where it isn't possible. */
  readonly run: () => void
}

export const can = (action: Action): boolean => action.isPossible?.() ?? true

/** An action's key as people read it: `Ctrl Shift Z`, `⌘ ⇧ Z`. */
export const keyOf = ({ keys: [first = ''] }: Action): string => nameKey(first)

export function nameKey(chord: string): string {
  return chord
    .split(/\+(?=.)/)
    .map((key) => (isMac && MAC[key]) || names[key] || key.toUpperCase())
    .join(' ')
}

/** What was pressed, as actions write it. Shift counts where it doesn't make another character. */
export function chordOf(event: KeyboardEvent): string {
  const key = event.key.toLowerCase()
  const isLetter = key.length > 1 || key !== key.toUpperCase()
  const mod = event.ctrlKey || event.metaKey ? 'mod+' : ''
  return `${mod}${event.shiftKey && isLetter ? 'shift+' : ''}${key}`
}

const MAC: Record<string, string> = { mod: '⌘', shift: '⇧', delete: '⌫' }
const isMac = /Mac|iPhone|iPad/.test(navigator.platform)
