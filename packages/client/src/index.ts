export { type ErrorCode, FrameTimes, type ImageRecord, WireError } from '@wirephoto/board'
export type { Arrival } from './arrivals.ts'
export { type Board, openBoard } from './board.ts'
export { openChannel } from './channel.ts'
export { ClientError, type ClientErrorCode } from './client-error.ts'
export { type ConnectOptions, connect } from './connect.ts'
export { fetchPicture } from './fetch-picture.ts'
export { readFileHeader, readFileStart } from './file-header.ts'
export { forgetCopy } from './forget-copy.ts'
export { HeldBoard, type HeldBoardEvents, openHeldBoard } from './held-board.ts'
export { largePreviewUrl } from './large-preview-url.ts'
export { LatestFrame } from './latest-frame.ts'
export { type ListedSlot, listSlots } from './list-slots.ts'
export { memoryStore } from './memory-store.ts'
export { newPicture } from './new-picture.ts'
export { type ObservablePictures, observePictures } from './observe-pictures.ts'
export type { PictureSource } from './picture-source.ts'
export type { Person } from './presence.ts'
export type { SeenBy } from './seen-by.ts'
export { endShownFile, type Frame, showFile } from './send-frame.ts'
export { Slot, type StoredFrame } from './slot.ts'
export type { Store } from './store.ts'
export type {
  AddOptions,
  AddProgress,
  BoardEvents,
  DragPosition,
  Kept,
  NewPicture,
  Obstacle,
  OpenOptions,
  OwnUpload,
  PictureChange,
  Place,
  Problem,
  Status,
  WaitingOutcome,
} from './types.ts'
export { blobUrl, downloadUrl, liveUrl, slotUrl, uploadsUrl } from './urls.ts'
