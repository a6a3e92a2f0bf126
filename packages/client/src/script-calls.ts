/* Loaded at the first call that only scripts make: the page has its own ways to add pictures. */
export { addPicture } from './add-picture.ts'
export { throwUnsettled } from './board-end.ts'
export { PictureChanges } from './picture-changes.ts'
export { whenStored } from './when-stored.ts'
