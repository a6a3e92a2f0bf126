import { createEffect, onCleanup } from 'solid-js'
import { serverPath } from '../browser/server-url.ts'
import { byNight, isDark, LOOK_KEY, look, readLook } from './theme.ts'

/** Applies the theme that is chosen, and follows the system's and the choice of other tabs. */
export function followLook(): void {
  const onStorage = ({ key }: StorageEvent): void => {
    if (key === LOOK_KEY + serverPath || key === null) readLook()
  }
  byNight.addEventListener('change', readLook)
  addEventListener('storage', onStorage)
  // They may have changed while this was on its way.
  readLook()
  onCleanup(() => {
    byNight.removeEventListener('change', readLook)
    removeEventListener('storage', onStorage)
  })
  createEffect(() => {
    const { dataset } = document.documentElement
    if (look() === 'system') delete dataset['theme']
    else dataset['theme'] = look()
    // The browser's own bars take the colour of the ground.
    for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]'))
      meta.content = isDark() ? '#141414' : '#F5F5F4'
  })
}
