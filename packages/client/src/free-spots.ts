/* Loaded once a board is here: most pages add no picture. */
export { FreeSpots } from '@wirephoto/board'
