import type { Plugin } from 'vite'

/** Vite's plugin that fetches the styles of a part before the part. */
const PRELOADING = 'native:import-analysis-build'

/**
 * Imports the page's later parts as the browser does. Vite would fetch their styles first, but the page has one
 * file of styles (`cssCodeSplit`), which `index.html` names.
 */
export function noPreload(): Plugin {
  return {
    name: 'no-preload',
    enforce: 'pre',
    configResolved(config) {
      const at = config.plugins.findIndex(({ name }) => name === PRELOADING)
      if (at < 0) throw new Error(`Vite has no ${PRELOADING} any more`)
      ;(config.plugins as Plugin[]).splice(at, 1)
    },
  }
}
