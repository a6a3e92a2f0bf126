/** Every bound that crosses packages, with its unit. */
export const limits = {
  /** Bytes of a picture, unless the operator says otherwise. */
  uploadBytes: 100_000_000,
  /** Pixels of a picture. */
  maxPixels: 100_000_000,
  /** Frames of a moving picture, and pixels of all of them. */
  maxFrameCount: 2_000,
  maxFramePixels: 1_000_000_000,
  /** Longest side in pixels (a WebP can't be longer than 16,383, a JPEG than 65,535). */
  maxSidePixels: 65_535,
  /** UTF-16 units. */
  titleLength: 120,
  captionLength: 2_000,
  fileNameLength: 255,
  /** Of an address. */
  urlLength: 4_096,
  /** Board units from the origin. */
  maxCoordinate: 10_000_000,
  /** Widest picture in board units. */
  maxPictureWidth: 100_000,
  /** Commands in one message. */
  commandsPerMessage: 100,
  /** Bytes of a preview, and previews that one message may bring. */
  previewBytes: 32 * 1024,
  previewsPerMessage: 10,
  /** UTF-16 units of a person's name. */
  personNameLength: 40,
  /** Pictures that one report is about. */
  picturesPerReport: 100,
  /** Milliseconds after its add in which who has seen a picture is told. */
  seenByWindowMs: 60_000,
  /** Pictures dragged by one person at once, as others see it. */
  draggedPictureCount: 200,
  /** Bytes of one frame from a browser. */
  socketFrameBytes: 512 * 1024,
  /** Records of one board, trash included. */
  recordsPerBoard: 20_000,
  /** Days in the trash at the most, before a picture is purged. */
  maxTrashDays: 365,
  /** Sessions of whom others see what they do; of more, those who drag. */
  shownPeopleCount: 50,
  /** Milliseconds that tombstones and clients' last numbers are remembered. */
  tombstoneRetentionMs: 30 * 24 * 3_600_000,
} as const
