import type { Verb } from '@wirephoto/board'
import type { AppState } from '../app-state.ts'
import { hasMod, pressedKey } from '../input/keys.ts'
import type { MenuItem } from '../state/menus.ts'
import { words } from '../words/page.ts'

const { keys: names } = words

/** Something that a person can do. Buttons, menus, keys, the key sheet and the palette share it. */
export interface Action extends MenuItem {
  readonly group: 'pictures' | 'view' | 'board'
  /** The right that it needs: without it, it isn't offered. */
  readonly needs?: Verb
}

/** Offers each of these actions only to those who have the right that it needs. */
export function offeredByRight<A extends Record<string, Action>>(
  { boardStore }: AppState,
  actions: A,
): A {
  for (const action of Object.values<Action>(actions)) {
    const { needs } = action
    if (needs) action.isOffered = () => boardStore.may(needs)
  }
  return actions
}

export const isOffered = (item: MenuItem): boolean => item.isOffered?.() ?? true

export const can = (item: MenuItem): boolean => isOffered(item) && (item.isPossible?.() ?? true)

/** Returns an action's first key as people read it: `Ctrl Shift Z`, `⌘ ⇧ Z`. */
export const keyOf = ({ keys: [first = ''] }: MenuItem): string => nameKey(first)

export function nameKey(chord: string): string {
  return chord
    .split(/\+(?=.)/)
    .map((key) => (isMac && MAC[key]) || names[key] || key.toUpperCase())
    .join(' ')
}

/** Returns the pressed chord as actions write it. Shift counts only with keys that it doesn't change. */
export function chordOf(event: KeyboardEvent): string {
  const key = pressedKey(event)
  const isLetter = key.length > 1 || key !== key.toUpperCase()
  const mod = hasMod(event) ? 'mod+' : ''
  return `${mod}${event.shiftKey && isLetter ? 'shift+' : ''}${key}`
}

const MAC: Record<string, string> = { mod: '⌘', shift: '⇧', delete: '⌫' }
const isMac = /Mac|iPhone|iPad/.test(navigator.platform)
