import { relative, resolve } from 'node:path'
import { packAll } from './pack.ts'

/** `npm run pack:all`: builds the packages that can be installed. */
const folder = resolve(import.meta.dirname, '../packed')
for (const tarball of Object.values(await packAll(folder)))
  console.log(relative(process.cwd(), tarball))
