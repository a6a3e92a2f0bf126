/** Returns the letters of a code without what people put between them, in capitals. */
export const lettersOf = (typed: string): string => typed.replace(/[\s-]/g, '').toUpperCase()
