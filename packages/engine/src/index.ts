export * from './engine.ts'
export { makeFolder, removeFile, syncFolder } from './files/folders.ts'
export * from './open.ts'
export { lockFolder } from './sqlite/lock.ts'
