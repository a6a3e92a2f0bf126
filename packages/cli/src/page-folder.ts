import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The built page: beside the program where it is installed, else as the workspace builds it. */
export const PAGE_FOLDER = ['../page', '../../web/dist']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path, i) => i > 0 || existsSync(path))!
