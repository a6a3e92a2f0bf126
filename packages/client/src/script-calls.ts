/* Loaded at the first call that only scripts make: the page has its own ways to add pictures. */
export { addPicture } from './add-picture.ts'
export { PictureChanges } from './picture-changes.ts'
export { whenSettled } from './when-settled.ts'
export { whenStored } from './when-stored.ts'
