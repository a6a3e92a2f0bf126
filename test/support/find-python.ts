import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Returns a Python that has a package; null if there is none here. Debian's packages are for its own one. */
export async function findPython(wanted: string): Promise<string | null> {
  for (const python of ['python3', '/usr/bin/python3']) {
    const has = run(python, ['-c', `import ${wanted}`]).then(
      () => true,
      () => false,
    )
    if (await has) return python
  }
  return null
}
