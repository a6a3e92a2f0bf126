import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { noPreload } from './no-preload.ts'
import { precompress } from './precompress.ts'
import { websocketOnly } from './websocket-only.ts'
import { withoutProgramErrors } from './without-program-errors.ts'

const entry = (name: string): string =>
  fileURLToPath(new URL(`./embed/${name}.ts`, import.meta.url))

/**
 * Builds the scripts for pages of other sites, beside the page. Each address stays as it is, and leads to files that are
 * named after what is in them: caches keep these for a year.
 */
export default defineConfig({
  base: './',
  publicDir: false,
  plugins: [websocketOnly(), withoutProgramErrors(), noPreload(), precompress()],
  build: {
    target: 'es2022',
    emptyOutDir: false,
    modulePreload: false,
    rolldownOptions: {
      preserveEntrySignatures: 'strict',
      input: { client: entry('client'), elements: entry('elements') },
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: 'assets/embed-[hash].js',
      },
    },
  },
})
