/* The address `/client.js`: the client library, for any page. */
export * from '@wirephoto/client'
