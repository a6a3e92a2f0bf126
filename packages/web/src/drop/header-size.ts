// A file of its own, so that its code is fetched when something may be dropped.
export { readFileHeader } from '@wirephoto/client'
