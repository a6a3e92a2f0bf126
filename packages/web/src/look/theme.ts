import { type Accessor, createSignal } from 'solid-js'
import { serverPath } from '../browser/server-url.ts'
import { browserData } from '../browser/site-data.ts'

/** The theme chosen for this browser. `public/theme.js` applies it before the first paint. */
export type Look = 'system' | 'light' | 'dark'

const KEY = 'theme'
const byNight = matchMedia('(prefers-color-scheme: dark)')
const [chosen, choose] = createSignal(kept())
const [night, setNight] = createSignal(byNight.matches)

export const look: Accessor<Look> = chosen

export const isDark = (): boolean => (chosen() === 'system' ? night() : chosen() === 'dark')

/** Applies a theme and keeps the choice. */
export function setLook(next: Look): void {
  browserData.set(KEY, next === 'system' ? null : next)
  choose(next)
  apply()
}

/** Applies the theme, and follows the system's and the choice of other tabs. */
export function followLook(): void {
  byNight.addEventListener('change', ({ matches }) => setNight(matches))
  addEventListener('storage', ({ key }) => {
    if (key !== KEY + serverPath && key !== null) return
    choose(kept())
    apply()
  })
  apply()
}

function apply(): void {
  const { dataset } = document.documentElement
  if (chosen() === 'system') delete dataset['theme']
  else dataset['theme'] = chosen()
  // The browser's own bars take the colour of the ground.
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const system = meta.media.includes('dark') ? 'dark' : 'light'
    const theme = chosen() === 'system' ? system : chosen()
    meta.content = theme === 'dark' ? '#151212' : '#E6E4DE'
  }
}

function kept(): Look {
  const look = browserData.get(KEY)
  return look === 'light' || look === 'dark' ? look : 'system'
}
