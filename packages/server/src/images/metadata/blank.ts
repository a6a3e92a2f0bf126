/** Returns spaces in place of a text. Its lines stay. */
export const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ')
