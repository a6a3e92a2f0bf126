import { defineConfig } from 'vite'
import solid from 'vite-plugin-solid'
import { apiPage } from './api-page.ts'
import { icons } from './icons.ts'
import { languages } from './languages.ts'
import { noPreload } from './no-preload.ts'
import { precompress } from './precompress.ts'
import { problemPage } from './problem-page.ts'
import { serviceWorker } from './service-worker.ts'
import { translatable } from './translatable.ts'
import { webManifest } from './web-manifest.ts'
import { websocketOnly } from './websocket-only.ts'
import { withoutProgramErrors } from './without-program-errors.ts'

export default defineConfig({
  // The page may stand under a path, which only its server knows.
  base: './',
  plugins: [
    solid(),
    icons(),
    languages(),
    websocketOnly(),
    withoutProgramErrors(),
    translatable(),
    noPreload(),
    webManifest(),
    problemPage(),
    apiPage(),
    serviceWorker(),
    precompress(),
  ],
  build: {
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 0,
    // One file of styles, so that no part waits for its own and the page needs no code to load them.
    cssCodeSplit: false,
    // One file for the first paint, one for the parts that follow once the board is live, one for all
    // panels. Parts that are fetched at the same time share words, and one name in the first file.
    rolldownOptions: {
      // On a slow machine the first start would begin with advice for authors of plugins.
      checks: { bundlerTimings: false },
      output: {
        codeSplitting: {
          groups: [
            { name: 'page', tags: ['$initial'] },
            { name: 'database', test: /node_modules\/idb\/|client\/src\/database-name\./ },
            { name: 'thumbhash', test: /thumbhash/ },
            { name: 'look', test: /web\/src\/look\/follow-look\./ },
            { name: 'preview', test: /web\/src\/drop\/(preview|file-kind|draw-svg)\./ },
            {
              name: 'lazy',
              test: /web\/src\/(stage\/overlay|actions\/lazy-actions|browser\/reload|look\/late-icons|ui\/sharp-picture|shell\/(people|zoom|late-parts|waiting-button|waiting-tray))\./,
            },
            {
              name: 'gate',
              test: /web\/src\/(shell\/(gate|enter|problem|sign-in)|state\/(link-exchange|ownership)|words\/gate)\./,
            },
            { name: 'panels', test: /web\/src\/((lightbox|shell|ui)\/|panel-views\.)/ },
          ],
        },
      },
    },
  },
  worker: { format: 'es' },
})
