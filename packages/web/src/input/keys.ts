/**
 * The characters of a US keyboard by the key's code, plain and with Shift. Letters and digits are read from
 * the code itself.
 */
const US: Record<string, string> = {
  Minus: '-_',
  Equal: '=+',
  BracketLeft: '[{',
  BracketRight: ']}',
  Comma: ',<',
  Period: '.>',
  Slash: '/?',
}

/** Latin letters, and marks that many scripts share, go by themselves; Arabic digits and marks don't. */
const OTHER_SCRIPT = /[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]|\p{scx=Arabic}/u

/** Whether the last letter was of another script than Latin. */
let isOtherScript = false

/**
 * Returns the key of an event as shortcuts name it, in lower case. It goes by the letter on the key, and by
 * the key's place where that letter isn't Latin: Cyrillic, Greek, Hebrew, Arabic and others.
 */
export function pressedKey({ key, code, shiftKey }: KeyboardEvent): string {
  const letter = /^Key(.)$/.exec(code)?.[1]
  const isOther = OTHER_SCRIPT.test(key)
  if (letter && !shiftKey && (isOther || /^[a-z]$/.test(key))) isOtherScript = isOther
  // Some of these keyboards have a comma or the like where others have a letter.
  if (isOther || (letter && isOtherScript && /^[^a-z]$/i.test(key))) {
    const placed =
      letter ?? /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1] ?? US[code]?.[Number(shiftKey)]
    if (placed) return placed.toLowerCase()
  }
  return key.toLowerCase()
}

/** Whether Ctrl or Command is held. AltGr reports Ctrl too, though it only types a character. */
export const hasMod = (event: KeyboardEvent): boolean =>
  (event.ctrlKey || event.metaKey) && !event.getModifierState('AltGraph')

/** Whether Alt is held, and not AltGr. */
export const hasAlt = (event: KeyboardEvent): boolean =>
  event.altKey && !event.getModifierState('AltGraph')

/**
 * Whether a key press belongs to an input method: it chooses or ends what is being composed. Safari sends
 * the Enter that ends a composition after it, with this code alone (UI Events section 5.4.2 names 229).
 */
export const isComposed = ({ isComposing, keyCode }: KeyboardEvent): boolean =>
  isComposing || keyCode === 229
