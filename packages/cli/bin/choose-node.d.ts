/** Returns the sentence for an operator whose Node lacks security fixes, or null. */
export function warningFor(version: string): string | null
