/** The bounds that cross packages. */
export const limits = {
  /** Pixels of a still picture. */
  maxPixels: 100_000_000,
  /** The longest side (WebP allows 16,383, JPEG 65,535). */
  maxSidePixels: 65_535,
  /** Lengths of texts, in UTF-16 units. */
  titleLength: 120,
  captionLength: 2_000,
  fileNameLength: 255,
  /** Board units from the origin, in each direction. */
  maxCoordinate: 10_000_000,
  /** Board units. */
  maxPictureWidth: 100_000,
  commandsPerMessage: 200,
  /** UTF-16 units of a message of several commands as JSON: in UTF-8 it is never longer than a socket's frame. */
  commandUnitsPerMessage: 128 * 1024,
  previewBytes: 32 * 1024,
  /** Longest side of a preview (A5). */
  previewSidePx: 320,
  previewsPerMessage: 10,
  /** UTF-16 units. */
  personNameLength: 40,
  /** Pictures in one `seen` or `sending` message. */
  picturesPerReport: 100,
  /** How long after its add a picture's sender learns who has seen it. */
  seenByWindowMs: 60_000,
  /** Pictures of one person's drag or selection that others see. */
  draggedPictureCount: 200,
  /** Records of one board, its trash included. */
  recordsPerBoard: 20_000,
  /** Marked pictures that don't count as records of a full board, so that emptying its trash makes room at once. */
  markedBeyondFullCount: 2_000,
  /** The default time for which a purge can be called off. */
  purgeGraceMs: 600_000,
  /** The most days that a board may keep pictures in its trash. */
  maxTrashDays: 365,
} as const

/** A picture that is shown in place of one whose file takes long to come: the longest side in pixels, and its bytes. */
export const largePreview = { sidePx: 1_280, bytes: 128 * 1024 } as const

/** Those that the server alone needs, so that pages do without them. */
export const serverLimits = {
  /** Frames of a moving picture, and the pixels of all its frames. */
  maxFrameCount: 2_000,
  maxFramePixels: 1_000_000_000,
  /** UTF-16 units. */
  urlLength: 4_096,
  /** The site that a link is made for, in UTF-16 units. */
  originLength: 300,
  /** The name that an owner gives a link, in UTF-16 units. */
  linkLabelLength: 80,
  /** The name that a page gives itself where it reads a growing file, in UTF-16 units. */
  pageNameLength: 64,
  passphraseLength: 200,
  /** A join code as it is typed, spaces and all. */
  joinCodeLength: 40,
  /** A websocket frame from a browser. */
  socketFrameBytes: 512 * 1024,
  /** A frame of a live slot. */
  frameBytes: 1_048_576,
  framePixels: 4_000_000,
  /** Entries of the audit in one answer. */
  auditEntriesPerPage: 200,
  /** Sessions whose presence others see. Beyond them only those who drag are shown. */
  shownPeopleCount: 50,
  /** How long tombstones and clients' last numbers are kept. */
  tombstoneRetentionMs: 30 * 24 * 3_600_000,
} as const
