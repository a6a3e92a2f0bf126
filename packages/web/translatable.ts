import type { Plugin } from 'vite'

/** Writes into the text node that Solid made, and how to write so that it may have been replaced. */
const WRITES = {
  before: 'current = parent.firstChild.data = value;',
  after: 'current = parent.textContent = value;',
}

/**
 * Lets Solid update text that a browser has translated. Translation puts an element in the place of each text
 * node, and what is written into the node that was there is seen by nobody. A part of the page whose text
 * changes must have an element of its own for it.
 */
export function translatable(): Plugin {
  return {
    name: 'translatable',
    transform(code, id) {
      if (!id.endsWith('/solid-js/web/dist/web.js')) return null
      if (!code.includes(WRITES.before)) throw new Error('Solid writes text in another way')
      return { code: code.replace(WRITES.before, WRITES.after), map: null }
    },
  }
}
