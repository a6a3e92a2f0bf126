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
    // One file for what the page begins with, one for what comes when the board is live, and one for
    // all rooms: what is fetched at the same time shares its words, and its name in the first file.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'page', tags: ['$initial'] },
            { name: 'thumbhash', test: /thumbhash/ },
            { name: 'lazy', test: /web\/src\/(stage\/overlay|shell\/(people|visited-boards))\./ },
            { name: 'panels', test: /web\/src\/(lightbox|shell|ui)\// },
          ],
        },
      },
    },
  },
  worker: { format: 'es' },
})
