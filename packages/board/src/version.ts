/**
 * The version of the schemas in wire.ts; a test pins it to their hash. It has a file of its own, so that a
 * page can say its version without loading the schemas.
 */
export const WIRE_VERSION = 23
