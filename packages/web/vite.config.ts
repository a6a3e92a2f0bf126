import { defineConfig } from 'vite'
import solid from 'vite-plugin-solid'
import { precompress } from './precompress.ts'

export default defineConfig({
  plugins: [solid(), precompress()],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  worker: { format: 'es' },
})
