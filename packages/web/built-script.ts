import { type BuildOptions, build } from 'vite'

/** Builds one script of its own, beside the page's. Resolves with its code. */
export async function builtScript(options: BuildOptions): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: { write: false, target: 'es2022', ...options },
  })
  const [first] = [result].flat()
  if (!first || !('output' in first)) throw new Error('Vite watches, and never ends')
  return first.output[0].code
}
