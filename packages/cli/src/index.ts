export { type ErrorCode, WireError } from '@wirephoto/board'
export type {
  PictureSource,
  PushedPicture,
  PushOptions,
  RunningServer,
  Wirephoto,
  WirephotoOptions,
} from '@wirephoto/server'
export { createWirephoto } from './create-wirephoto.ts'
