/** JPEG XL codestreams of libjxl 0.7, as nothing that tests have can make them. */
const codestream = (base64: string): Buffer => Buffer.from(base64, 'base64')

/** A picture of 40 x 30 pixels with `CORNERS`, without loss. */
export const CORNERS_JXL = codestream(
  '/wroMBBQXAgIAgEAnABLKDQyjgUHTGBC5EyafYEgAPYWjxyg6ZoHKEBAHSjwo7iOfEWndhM=',
)
/** The same as a JPEG's pixels; as they are seen, the first row stands on the right. */
export const TURNED_JXL = codestream(
  '/wroMAuE5EtBwgEyueFeBd9LZoWWf5aUsCJFiVcfy+4KC7wX+HN9/nN9Pdfo21kyGo0+nY8QNmPazBYAAO+K3T6ZGPsNaQCZE+bOnDF05LAAAADl138aT950f7GirT+1dbCjhVQxes9TFQAAAEDKVACOYdxMBj5njpQjAqRMBXAM42by9DlDhoVQe60OdLrNGe7n1W7//Xe+hnchtF9J//1331D//bdfEXe5FJiYvAWxuHLuPohYC701wcdqWVIQ8xaorUQ3rphJqbwnpsn4UyijbOBbAhAAjAYMZAxkDGT+/w4AABgACAABAAAAAACAgCWJI1Qv5orvltADAJScFBQUFG4JkmLwaNeQKYxWlwAAqHIRKsAh2iaGgQhgxvyshWxRjew0u4UxqRAFR3WHFIkYn6hviJCvkrsDADAB4AQQU3URAMCHAmkmAGxyCQDVXAIAFAAAAADQAAAAAAAAAAAAAABva3Bv6K4Q5ZGs5g0wwr1olxAqiGgD0zQQOYJBUYBLCHBgDBlCxQgRX41AeqcAQPQsAJzmCQBQAAAA5AUAAAAAAAAAAAAAAAAAAAAAABRSYEVbSdIdeZlHncSLvHiMF2OM8QaRDwD0f24eYhlsCDwyMwI7ocI/NlxKqSmPDkCgA8MBjs57ycVH9IbKfH4abFRAQJzigWRSUkOAQRBhhIAvAQ/6KCDs9TkzYriTQyb6xHu1X4b6k7LCYiFO7V+1TyEQSF8A4qmMNUk2VupDSVpAlh5Jr6Xcv4QCHneq6DvdBaxxD95VXIhlc4FjUT14Hn8h2arFYUPK2C1qw9RjFDlyBqZIYloV+vqGrD5ClciRWSKWQ2EbFJB7AA==',
)
/** A picture of 40 x 30 pixels, (30, 60, 220) at an alpha of 128. */
export const TRANSLUCENT_JXL = codestream(
  '/wroMLCguBAICBAAdABLGIsVANQZY4wx48wFJAAgGBAAABjhgwQcCIr7Bg==',
)
/** Two frames of 40 x 30 pixels; the first has `CORNERS`. */
export const MOVING_JXL = codestream(
  '/wroMEEAFhSXBAgIoIIAAKgASxiTjoNgAhMiZ9LsCwgBcKl59gp8My7AWF9+HkDB+Y+SgBquI1/Rqd0ECAgykQoBAKwASxiTjoNgAhMic8b0CwgBQLYRAICXBwBgQACgz4vip4B2yAdaNWkeNESMAw==',
)

/** Puts a codestream into a container, with this text in every box that may say more (ISO/IEC 18181-2). */
export function jxlContainer(stream: Buffer, text: string): Buffer {
  const texts = ['Exif', 'xml ', 'jumb', 'jbrd', 'brob', 'free', 'uuid', 'abcd']
  return Buffer.concat([
    box('JXL ', Buffer.from('\r\n\x87\n', 'latin1')),
    box('ftyp', Buffer.from('jxl \0\0\0\0jxl ')),
    ...texts.map((type) => box(type, Buffer.from(`\0\0\0\0${text}`))),
    box('jxlc', stream),
    ...texts.map((type) => box(type, Buffer.from(`\0\0\0\0${text}`))),
    Buffer.from(text.slice(0, 7)),
  ])
}

function box(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32BE(8 + body.length)
  header.write(type, 4, 'latin1')
  return Buffer.concat([header, body])
}
