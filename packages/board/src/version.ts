/**
 * Raised with every change of a schema in wire.ts; a test pins it to their hash. Apart from them, so
 * that a page which says its version doesn't load the schemas.
 */
export const WIRE_VERSION = 3
