/** A word that was given up, and where it must not come back. */
export interface RetiredWord {
  /** The words that took its place. */
  readonly now: string
  /** Matches a whole identifier, without `#`. */
  readonly identifier?: RegExp
  /** Matches a file's name without its endings. */
  readonly file?: RegExp
  /** Matches the name of an event, on the wire or of the SDK. */
  readonly event?: RegExp
  /** Starts of the paths in which it is retired. Left out: everywhere. */
  readonly within?: readonly string[]
}

const server = ['packages/server/']
const intake = [
  'packages/server/src/images/',
  'packages/server/src/http/',
  'packages/server/src/wirephoto.ts',
]
const client = ['packages/client/', 'packages/web/']
const web = ['packages/web/']
const engine = ['packages/engine/']
const classic = ['packages/server/src/classic/', 'packages/server/support/classic-client.ts']

export const retiredWords: readonly RetiredWord[] = [
  // server: a file on its way
  {
    now: 'IncomingFile(s)',
    identifier: /^(arrival|Arrival)$/,
    file: /^arrivals?$/,
    within: ['packages/server/src/images/', 'packages/server/src/wirephoto.ts'],
  },
  { now: 'UploadProgress', identifier: /^Arriving$/, file: /^arriving$/, within: intake },
  { now: 'UploadTarget', identifier: /^OfBoard$/ },
  { now: 'apply', identifier: /^carryOut$/ },
  {
    now: 'validate, ValidationResult',
    identifier: /^(judged?|verdicts?)$/i,
    file: /^verdict$/,
    within: server,
  },
  { now: 'pictureWithBlob', identifier: /^holders?$/, within: server },
  { now: 'EarlyAnnouncer', identifier: /^heralds?$/i, file: /^herald$/ },
  { now: 'StreamEditor', identifier: /^tape$/i, file: /^tape$/ },
  { now: 'GrowingFileReaders', identifier: /^tails?$/i, file: /^tails$/, within: intake },
  { now: 'ProcessPool', identifier: /^lanes?$/i, file: /^lane$/, within: server },
  { now: 'MAX_JOBS_PER_PROCESS', identifier: /^SHIFT$/ },
  { now: 'LOW_PRIORITY_NICE', identifier: /^polite$/i },
  { now: 'whenIdle', identifier: /^lulls?$/i },
  { now: 'heic-bmp-thread, table-reader', file: /^foreign$/ },
  { now: 'canary-images', file: /^plants$/ },
  { now: 'scrubber', file: /^scrub$/ },
  { now: 'EditPlan', identifier: /^Plan$/, file: /^plan$/, within: server },
  { now: 'purgeExpired', identifier: /^tidy$/, within: server },
  { now: 'announceVolatile, withdraw', identifier: /^(un)?vow$/ },
  { now: 'ASSIGN_AT_TICK', identifier: /^AT_TICK$/ },
  { now: 'BoardListener', identifier: /^Lookers?$/i },
  { now: 'DEFAULT_BOARD_ID', identifier: /^FRONT$/ },

  // server: the tutorials' pages
  { now: 'PictureCache', identifier: /^Shelf$/i, file: /^shelf$/, within: classic },
  { now: 'enqueue, pending', identifier: /^(owe|due)$/, within: classic },
  { now: 'registerHandlers', identifier: /^converse$/, file: /^talk$/ },
  {
    now: 'the thing itself',
    identifier: /^(Guests?|guests?|carried|twice|stretch)$/,
    file: /^guests$/,
    within: classic,
  },

  // client
  { now: 'TransferFailure', identifier: /^Setback$/i },
  {
    now: 'pauseUploads, addPending',
    identifier: /^hold$/,
    within: ['packages/client/'],
  },
  { now: 'setUploadPriority', identifier: /^rankBy$/ },
  { now: 'TransferState', identifier: /^Way$/, file: /^way$/, within: client },
  { now: 'InFlight', identifier: /^UnderWay$/i, file: /^under-way$/ },
  { now: 'UploadSlots', identifier: /^Turns$/, file: /^turns$/, within: client },
  { now: 'SeenReceipts', identifier: /^Sights$/i, file: /^sights$/ },
  { now: 'liveUrl', identifier: /^tailUrl$/ },
  { now: 'setName', identifier: /^introduce$/, within: [...client, 'test/'] },
  { now: 'visitorCount', identifier: /^crowd$/, within: [...client, 'test/'] },
  { now: 'DragPosition', identifier: /^Held$/, within: client },
  { now: 'reportSeen', identifier: /^saw$/, within: [...client, 'test/'] },
  { now: 'settings', event: /^title$/ },
  { now: 'ClientQueue', identifier: /^Line$/, within: ['packages/client/'] },
  { now: 'hasServerTime', identifier: /^dated$/ },

  // web
  { now: 'BoardStore', identifier: /^desk$/i, file: /^desk$/, within: web },
  { now: 'DragState, arrange', identifier: /^hands$/i, file: /^hands$/, within: web },
  {
    now: 'lazy-actions, runLazy',
    identifier: /^(deeds|does)$/i,
    file: /^(deeds|does)$/,
    within: web,
  },
  { now: 'PaintReporter', identifier: /^seeing$/i, file: /^seeing$/, within: web },
  { now: 'ProgressLine', identifier: /^Wire$/, file: /^wire$/, within: web },
  { now: 'PictureImage', identifier: /^Print$/, file: /^print$/, within: web },
  { now: 'PictureInfo', identifier: /^Slug$/, file: /^slug$/, within: web },
  { now: 'format-time', file: /^when$/, within: web },
  { now: 'overlay', identifier: /^Over$/, file: /^over$/, within: web },
  { now: 'far-canvas', identifier: /^Far$/, file: /^far$/, within: web },
  {
    now: 'unseen-chips, unseen',
    identifier: /^(Chip|news|News)$/,
    file: /^(chip|news)$/,
    within: web,
  },
  { now: 'avatar-colour', identifier: /^faces$/, file: /^faces$/, within: web },
  { now: 'LazyPart', identifier: /^Later$/, file: /^later$/, within: web },
  { now: 'menuItems, actionsFor, targetOf', identifier: /^(atHand|atPictures|meantBy)$/ },
  {
    now: 'panel',
    identifier: /^(Rooms?|rooms|roomWords)$/,
    file: /^rooms?$/,
    within: [...web, 'test/e2e/'],
  },
  { now: 'live-reads', identifier: /^tails$/i, file: /^tails$/, within: web },

  // engine
  { now: 'noBus', identifier: /^deafBus$/ },
  { now: 'boards', file: /^keeping$/ },
  { now: 'loadDriver', identifier: /^driven$/ },
  { now: 'toWireError, toEngineError', identifier: /^(translated|explained)$/ },
  { now: 'retryUntilConsistent', identifier: /^steadily$/ },
  { now: 'setup', file: /^prepare$/, within: engine },

  // board
  {
    now: 'tombstoneRetentionMs, maxCoordinate, maxPictureWidth',
    identifier: /^(memory|reach|widest)$/,
    within: ['packages/board/'],
  },
  { now: 'a constant that says its subject and unit', identifier: /^PATIENCE$/ },
]
