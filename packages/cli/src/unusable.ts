/** What the operator asked for can't be done; the message says what to do. */
export class Unusable extends Error {
  override readonly name = 'Unusable'
}
