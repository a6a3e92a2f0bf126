import { cleanName, type ImageAdd, type ImagePatch, limits } from '@wirephoto/board'
import { newId } from './ids.ts'
import type { NewPicture } from './types.ts'

/** Returns the command that announces a picture, within the server's limits. */
export function addCommand(picture: NewPicture, now: number): ImageAdd {
  const { file: _, preview: __, name, id, caption, by, ...rest } = picture
  return {
    kind: 'image.add',
    id: id ?? newId(now),
    ...rest,
    ...(caption !== undefined && { caption: caption.slice(0, limits.captionLength) }),
    ...(by && { by: by.slice(0, limits.personNameLength) }),
    name: cleanName(name),
  }
}

/** Returns the command that changes the given fields, within the server's limits. */
export function patchCommand(id: string, set: ImagePatch['set']): ImagePatch {
  const within = { ...set, caption: set.caption?.slice(0, limits.captionLength) }
  const given = Object.entries(within).filter(([, value]) => value !== undefined)
  return { kind: 'image.patch', id, set: Object.fromEntries(given) }
}
