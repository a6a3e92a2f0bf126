export { defineElements, WireBoard } from './wire-board.ts'
