import type { Plugin } from 'vite'

const MODULE = '/board/src/program-error-messages.ts'
/** A page that is told such an error takes the sentence that comes with it. */
const EMPTY = `import { errors } from './error-codes.ts'
export const programErrorMessages = Object.fromEntries(Object.keys(errors).map((code) => [code, () => '']))`

/** Leaves out the sentences of errors that no page makes. */
export function withoutProgramErrors(): Plugin {
  return {
    name: 'without-program-errors',
    transform: (_code, id) => (id.endsWith(MODULE) ? { code: EMPTY, map: { mappings: '' } } : null),
  }
}
