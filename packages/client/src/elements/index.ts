import { WireBoard } from './wire-board.ts'
import { WireSlot } from './wire-slot.ts'

export { WireBoard, WireSlot }

/** Defines the elements, unless the page has done so. */
export function defineElements(): void {
  if (!customElements.get('wire-board')) customElements.define('wire-board', WireBoard)
  if (!customElements.get('wire-slot')) customElements.define('wire-slot', WireSlot)
}
