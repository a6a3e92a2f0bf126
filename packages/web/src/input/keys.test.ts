import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isComposed, pressedKey } from './keys.ts'

type Press = readonly [key: string, code: string, is: string, shift?: true]

const KEYBOARDS: Readonly<Record<string, readonly Press[]>> = {
  Russian: [
    ['я', 'KeyZ', 'z'],
    ['Я', 'KeyZ', 'z', true],
    ['ф', 'KeyA', 'a'],
    ['х', 'BracketLeft', '['],
    ['ъ', 'BracketRight', ']'],
    ['б', 'Comma', ','],
    ['Б', 'Comma', '<', true],
    ['Ю', 'Period', '>', true],
    ['?', 'Digit7', '?', true],
    ['1', 'Digit1', '1'],
    ['Enter', 'Enter', 'enter'],
  ],
  Greek: [
    ['ζ', 'KeyZ', 'z'],
    [';', 'KeyQ', 'q'],
  ],
  Hebrew: [
    ['ז', 'KeyZ', 'z'],
    ["'", 'KeyW', 'w'],
    ['ת', 'Comma', ','],
  ],
  Arabic: [
    ['ئ', 'KeyZ', 'z'],
    ['لا', 'KeyB', 'b'],
    ['؟', 'Slash', '?', true],
    ['١', 'Digit1', '1'],
  ],
  Thai: [['ี', 'KeyU', 'u']],
  Korean: [['ㅋ', 'KeyZ', 'z']],
  AZERTY: [
    ['z', 'KeyW', 'z'],
    ['a', 'KeyQ', 'a'],
    [',', 'KeyM', ','],
    ['é', 'Digit2', 'é'],
    ['²', 'Backquote', '²'],
    ['1', 'Digit1', '1', true],
  ],
  Dvorak: [
    [';', 'KeyZ', ';'],
    ['z', 'Slash', 'z'],
    [',', 'KeyW', ','],
    ["'", 'KeyQ', "'"],
    ['[', 'Minus', '['],
  ],
}

for (const [keyboard, presses] of Object.entries(KEYBOARDS))
  test(`G2: the keys of a keyboard: ${keyboard}`, () => {
    for (const [key, code, is, shiftKey = false] of presses)
      assert.equal(pressedKey({ key, code, shiftKey } as KeyboardEvent), is, `${key} at ${code}`)
  })

test('G3: key presses of an input method', () => {
  const isHeld = (isComposing: boolean, keyCode: number) =>
    isComposed({ isComposing, keyCode } as KeyboardEvent)
  assert.deepEqual([isHeld(true, 13), isHeld(false, 229), isHeld(false, 13)], [true, true, false])
})
