import { parseOrUndefined, SlotAddress } from '@wirephoto/board'
import { OperatorError } from '../operator-error.ts'

/** Returns the name of a slot as it was typed. Throws an `OperatorError` if no slot can have it. */
export function parseSlotName(text: string): string {
  if (parseOrUndefined(SlotAddress, { slot: text })) return text
  throw new OperatorError(
    `${JSON.stringify(text)} is no slot's name; give letters, digits, - and _.`,
  )
}
