export {
  type Board,
  type BoardEvents,
  blobUrl,
  downloadUrl,
  type NewPicture,
  type OpenOptions,
  openBoard,
  type Place,
  type Problem,
  type Status,
} from './client.ts'
export { memoryStore, type Store } from './store.ts'
export type { OwnUpload } from './upload.ts'
