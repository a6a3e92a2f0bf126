import { cleanName, type ImageAdd, type ImagePatch, limits } from '@wirephoto/board'
import { newId } from './ids.ts'
import type { NewPicture } from './types.ts'

/**
 * Returns the command that announces a picture, within the server's limits. It has no field but a command's own: one
 * that can't be cloned would keep the store from taking it.
 */
export function addCommand(picture: NewPicture, now: number): ImageAdd {
  const { id = newId(now), name, width, height, thumbhash, x, y, w, caption, by } = picture
  const optional = {
    thumbhash,
    x,
    y,
    w,
    caption: caption?.slice(0, limits.captionLength),
    by: by?.slice(0, limits.personNameLength) || undefined,
  }
  return { kind: 'image.add', id, name: cleanName(name), width, height, ...given(optional) }
}

/** Returns the command that changes the given fields, within the server's limits. */
export function patchCommand(id: string, set: ImagePatch['set']): ImagePatch {
  const within = { ...set, caption: set.caption?.slice(0, limits.captionLength) }
  return { kind: 'image.patch', id, set: given(within) }
}

/** Returns the fields that have a value. */
const given = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
