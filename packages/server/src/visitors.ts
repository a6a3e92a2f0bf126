/** How long a visitor is known: 400 days, since browsers keep no cookie longer. */
export const VISITOR_LIFE_S = 400 * 24 * 3600

/** The last letter of visitors who gave no token. No hash in base64url has it. */
const ANONYMOUS_MARK = '~'

/**
 * Returns the id of a visitor for a request that brought no token. Those who keep no cookie are another visitor
 * at each request, and every server must see by a record that its author was one.
 */
export const anonymousFormOf = (visitor: string): string =>
  visitor.slice(0, -ANONYMOUS_MARK.length) + ANONYMOUS_MARK

/** Returns whether the visitor gave no token. */
export const isAnonymous = (visitor: string): boolean => visitor.endsWith(ANONYMOUS_MARK)
