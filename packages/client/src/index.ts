export { type Board, blobUrl, downloadUrl, openBoard } from './client.ts'
export { memoryStore, type Store } from './store.ts'
export type { BoardEvents, NewPicture, OpenOptions, Place, Problem, Status } from './types.ts'
export type { OwnUpload } from './upload.ts'
