/** Every bound that crosses packages, with its unit. */
export const limits = {
  /** Bytes of a picture, unless the operator says otherwise. */
  uploadBytes: 100_000_000,
  /** Pixels of a picture. */
  pixels: 100_000_000,
  /** Frames of a moving picture, and pixels of all of them. */
  frames: 2_000,
  framePixels: 1_000_000_000,
  /** Longest side in pixels (a WebP can't be longer than 16,383, a JPEG than 65,535). */
  side: 65_535,
  /** UTF-16 units. */
  title: 120,
  caption: 2_000,
  name: 255,
  /** Of an address. */
  address: 4_096,
  /** Board units from the origin. */
  reach: 10_000_000,
  /** Widest picture in board units. */
  widest: 100_000,
  /** Commands in one message. */
  commands: 100,
  /** Bytes of a preview, and previews that one message may bring. */
  preview: 32 * 1024,
  previews: 10,
  /** UTF-16 units of a person's name. */
  person: 40,
  /** Pictures that one report is about. */
  reported: 100,
  /** Milliseconds after its add in which who has seen a picture is told. */
  sights: 60_000,
  /** Pictures dragged by one person at once, as others see it. */
  dragged: 200,
  /** Bytes of one frame from a browser. */
  frame: 512 * 1024,
  /** Records of one board, trash included. */
  records: 20_000,
  /** Days in the trash at the most, before a picture is purged. */
  trashDays: 365,
  /** Sessions of whom others see what they do; of more, those who drag. */
  people: 50,
  /** Milliseconds that tombstones and clients' last numbers are remembered. */
  memory: 30 * 24 * 3_600_000,
} as const
