import { defineConfig } from 'vite'
import solid from 'vite-plugin-solid'
import { icons } from './icons.ts'
import { precompress } from './precompress.ts'
import { websocketOnly } from './websocket-only.ts'

export default defineConfig({
  plugins: [solid(), icons(), websocketOnly(), precompress()],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // What the page begins with is one file, whatever the rooms that are loaded later share with it.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: 'page', tags: ['$initial'] }] } },
    },
  },
  worker: { format: 'es' },
})
