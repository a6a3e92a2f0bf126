export * from './engine.ts'
export { makeFolder, syncFolder } from './files/folders.ts'
export * from './open.ts'
export { lockFolder } from './sqlite/lock.ts'
