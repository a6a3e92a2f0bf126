import { createSignal } from 'solid-js'

/** Whether a guest's list asks for the name, in place of the people in the corner. Both load late. */
export const [isNameAskedInList, setNameAskedInList] = createSignal(false)
