export type { ToldLink } from './access/told-links.ts'
export type { NodeServer, ServerConfig } from './config.ts'
export { COLLECTOR_FAILPOINTS, FAILPOINTS, MODERATION_FAILPOINTS } from './failpoint.ts'
export type { IncomingFile } from './images/uploads/incoming-file.ts'
export { IncomingFiles } from './images/uploads/incoming-files.ts'
export { variantKey } from './images/variant-key.ts'
export type { CreatedBoard } from './program-boards.ts'
export type { PictureSource, PushedPicture, PushOptions } from './pushed-pictures.ts'
export {
  createWirephoto,
  type RunningServer,
  type Wirephoto,
  type WirephotoOptions,
} from './wirephoto.ts'
