import { type Accessor, createSignal } from 'solid-js'
import { browserData } from '../browser/site-data.ts'

/** The theme chosen for this browser. `public/theme.js` applies it before the first paint. */
export type Look = 'system' | 'light' | 'dark'

export const LOOK_KEY = 'theme'
export const byNight = matchMedia('(prefers-color-scheme: dark)')
const [chosen, choose] = createSignal(kept())
const [night, setNight] = createSignal(byNight.matches)

export const look: Accessor<Look> = chosen

export const isDark = (): boolean => (chosen() === 'system' ? night() : chosen() === 'dark')

/** Keeps a theme for this browser. `follow-look.ts` applies it. */
export function setLook(next: Look): void {
  browserData.set(LOOK_KEY, next === 'system' ? null : next)
  choose(next)
}

/** Takes what the system says now, and what another tab has chosen. */
export function readLook(): void {
  setNight(byNight.matches)
  choose(kept())
}

function kept(): Look {
  const look = browserData.get(LOOK_KEY)
  return look === 'light' || look === 'dark' ? look : 'system'
}
