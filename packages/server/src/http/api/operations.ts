import {
  AccessPatch,
  Answer,
  ArchiveQuery,
  ArrivalQuery,
  AuditQuery,
  BoardListQuery,
  ChangesAnswer,
  ChangesQuery,
  Commands,
  CommandsQuery,
  Decision,
  FileQuery,
  ImageFetch,
  ImageSet,
  JoinRequest,
  LinkPatch,
  NewArchive,
  NewBoard,
  NewLink,
  NewWebhook,
  OverviewQuery,
  OwnerRequest,
  PictureQuery,
  PlaceQuery,
  SessionRequest,
  SignInQuery,
  UploadQuery,
} from '@wirephoto/board'
import {
  Addresses,
  Alive,
  ArchivePlan,
  AuditAnswer,
  BoardInfo,
  BoardList,
  BoardOwners,
  ChangedLink,
  DecisionAnswer,
  FrameList,
  HeldAnswer,
  JoinCodeAnswer,
  Joined,
  LinkList,
  NewLinkAnswer,
  NewWebhookAnswer,
  NotReady,
  OwnBoard,
  OwnerState,
  OwnSession,
  Picture,
  PushedFrames,
  Ready,
  Rule,
  ServerOwners,
  SessionAnswer,
  SlotList,
  SnapshotAnswer,
  Stored,
  StoredHeld,
  StoredPicture,
  Viewers,
  WebhookList,
} from './answers.ts'
import type { Operation, Operations } from './operation.ts'

const TUS_PART = 'application/offset+octet-stream'
const IETF_PART = 'application/partial-upload'
const RANGES = {
  Range: 'One range of bytes, answered 206.',
  'If-Range': 'The ETag that the range belongs to.',
  'If-None-Match': 'An ETag that you have, answered 304 while it holds.',
}

const KEY = {
  'Idempotency-Key':
    'A name of your own for this request, so that it may be sent again and is done once.',
}

const boards: Operations = {
  'POST /api/boards': {
    tag: 'Boards',
    summary: 'Makes a board, with a link of each role.',
    about: 'The answer is the only one that tells the secrets of the links.',
    headers: KEY,
    body: { content: [NewBoard], isOptional: true },
    answers: { 201: OwnBoard },
  },
  'GET /api/boards': {
    tag: 'Boards',
    summary: "Lists all boards, the newest first, for the server's owner.",
    query: BoardListQuery,
    answers: { 200: BoardList },
  },
  'GET /api/boards/:board': {
    tag: 'Boards',
    summary: "Reads a board's address and title.",
    answers: { 200: BoardInfo },
  },
  'DELETE /api/boards/:board': {
    tag: 'Boards',
    summary: 'Deletes a board with everything on it.',
    answers: { 204: null },
  },
  'POST /api/boards/:board/close': {
    tag: 'Boards',
    summary: 'Makes a board that opens by its address open by links.',
    answers: { 200: OwnBoard },
  },
  'GET /api/boards/:board/snapshot': {
    tag: 'Boards',
    summary: 'Reads all records of a board as they are now.',
    about: 'Its pictures in the trash and those on their way are among them.',
    headers: {
      'If-None-Match': 'The ETag of a snapshot that you have, answered 304 while it holds.',
    },
    answers: { 200: SnapshotAnswer, 304: null },
  },
  'GET /api/boards/:board/overview': {
    tag: 'Boards',
    summary: 'Draws a board as one picture, of at most a megapixel.',
    about:
      'JPEG. `area` draws a part of it, as x,y,w,h in board units. `Wirephoto-Area` of the answer has the area that is drawn, in the same form.',
    query: OverviewQuery,
    headers: {
      'If-None-Match': 'The ETag of an overview that you have, answered 304 while it holds.',
    },
    answers: { 200: 'image/jpeg', 304: null },
  },
  'GET /api/boards/:board/archive.zip': {
    tag: 'Boards',
    summary: 'Downloads the pictures of a board as one zip.',
    about: 'Without `at` it leads to the archive of the board as it is now.',
    query: ArchiveQuery,
    headers: RANGES,
    answers: { 200: 'application/zip', 206: 'application/zip', 302: null, 304: null },
  },
  'POST /api/boards/:board/archives': {
    tag: 'Boards',
    summary: 'Prepares a zip of some pictures, and tells its address and size.',
    headers: KEY,
    body: { content: [NewArchive], isOptional: true },
    answers: { 201: ArchivePlan },
  },
  'GET /api/boards/:board/webhooks': {
    tag: 'Boards',
    summary: 'Lists the addresses that are told of pictures.',
    answers: { 200: WebhookList },
  },
  'POST /api/boards/:board/webhooks': {
    tag: 'Boards',
    summary: 'Has an address told of each picture that is stored or removed, and of late slots.',
    about:
      'Its `type` is `stored`, `removed`, `slot.late` or `slot.live`. It gets JSON by POST, with `Wirephoto-Signature: t=<ms>,v1=<hex>`: the HMAC-SHA256 of the time, a dot and the body, by the key that is answered here alone.',
    headers: KEY,
    body: { content: [NewWebhook] },
    answers: { 201: NewWebhookAnswer },
  },
  'DELETE /api/boards/:board/webhooks/:id': {
    tag: 'Boards',
    summary: 'Ends that.',
    answers: { 204: null },
  },
  'GET /api/boards/:board/audit': {
    tag: 'Boards',
    summary: 'Lists what was done to a board, the newest first, for its owners.',
    query: AuditQuery,
    answers: { 200: AuditAnswer },
  },
}

const PUT_PICTURE: Operation = {
  tag: 'Pictures',
  summary: 'Adds the picture in the body: `curl -T p.jpg`.',
  about: 'Answered when the picture is stored. 202 says that it waits for an owner of the board.',
  query: PlaceQuery,
  headers: KEY,
  body: { content: ['*/*', 'multipart/form-data'] },
  answers: { 201: Stored, 202: StoredHeld },
}

const PUSH_FRAME: Operation = {
  tag: 'Live slots',
  summary: "Shows the picture in the body on a slot's tile, for everybody: `curl -T loss.png`.",
  about:
    'JPEG, PNG or WebP. A body of multipart/x-mixed-replace is a stream of them. Frames are shown at once; one a second is stored, and the last.',
  body: { content: ['*/*', 'multipart/x-mixed-replace'] },
  answers: { 202: PushedFrames },
}

const slots: Operations = {
  'GET /api/boards/:board/slots': {
    tag: 'Live slots',
    summary:
      'Lists the live slots of a board: their tiles, their last frames, and whether they are late.',
    about: '`intervalMs` is the usual time between two frames, null while it is unknown.',
    answers: { 200: SlotList },
  },
  'GET /api/boards/:board/slots/:slot': {
    tag: 'Live slots',
    summary: 'Reads the newest frame of a live slot.',
    about: 'Of several servers each has those that it was sent, and all the stored ones.',
    headers: RANGES,
    answers: { 200: 'image/*', 206: 'image/*', 304: null },
  },
  'DELETE /api/boards/:board/slots/:slot': {
    tag: 'Live slots',
    summary: 'Ends a live slot: its tile stays as a plain picture, with the last frame.',
    about:
      'The stored frames before it go. The next frame that is sent to this name makes another tile.',
    answers: { 204: null },
  },
  'GET /api/boards/:board/slots/:slot/frames': {
    tag: 'Live slots',
    summary: 'Lists the stored frames of a live slot, the oldest first.',
    answers: { 200: FrameList },
  },
  'GET /api/boards/:board/slots/:slot/frames/:sha256': {
    tag: 'Live slots',
    summary: 'Reads a stored frame of a live slot.',
    headers: RANGES,
    answers: { 200: 'image/*', 206: 'image/*', 304: null },
  },
  'PUT /api/boards/:board/slots/:slot': PUSH_FRAME,
  'PUT /b/:board/live/:slot': PUSH_FRAME,
  'POST /b/:board/show': {
    tag: 'Live slots',
    summary: 'Shows the picture in the body on every page and wall, and keeps it nowhere.',
    about: 'JPEG, PNG or WebP. Answered with the number of pages and walls that look at the board.',
    body: { content: ['*/*'] },
    answers: { 202: Viewers },
  },
  'DELETE /b/:board/show': {
    tag: 'Live slots',
    summary: 'Ends what is shown so: it goes from every page and wall.',
    answers: { 204: null },
  },
}

const pictures: Operations = {
  'POST /api/boards/:board/images': {
    ...PUT_PICTURE,
    summary: 'Adds the picture in the body, or the pictures of a form.',
    query: PictureQuery,
  },
  'POST /api/boards/:board/images/from-url': {
    tag: 'Pictures',
    summary: 'Fetches a picture from its address, and adds it.',
    headers: KEY,
    body: { content: [ImageFetch] },
    answers: { 201: StoredPicture, 202: StoredHeld },
  },
  'PUT /': { ...PUT_PICTURE, summary: 'Adds the picture in the body to the front board.' },
  'PUT /:name': { ...PUT_PICTURE, summary: 'Adds a picture with a name to the front board.' },
  'PUT /b/:board': PUT_PICTURE,
  'PUT /b/:board/': PUT_PICTURE,
  'PUT /b/:board/:name': { ...PUT_PICTURE, summary: 'Adds the picture in the body with a name.' },
  'PUT /api/boards/:board/images/:id': {
    tag: 'Pictures',
    summary: 'Adds a picture under an id of yours, or gives the one that is there another file.',
    about:
      'The same bytes again are answered as before. Other bytes need the ETag of the file that goes: it is the `blob` of the record, in quotes.',
    query: PictureQuery,
    headers: {
      'If-Match': 'The ETag of the file that goes, or *.',
      'If-None-Match': 'With *, it adds a picture and replaces none.',
    },
    body: { content: ['*/*'] },
    answers: { 200: StoredPicture, 201: StoredPicture, 202: StoredHeld },
  },
  'GET /api/boards/:board/images/:id': {
    tag: 'Pictures',
    summary: "Reads a picture's record.",
    answers: { 200: Picture },
  },
  'PATCH /api/boards/:board/images/:id': {
    tag: 'Pictures',
    summary: 'Changes the named fields of a picture, and no others.',
    body: { content: [ImageSet] },
    answers: { 200: Picture },
  },
  'DELETE /api/boards/:board/images/:id': {
    tag: 'Pictures',
    summary: 'Puts a picture in the trash.',
    answers: { 204: null },
  },
  'GET /api/boards/:board/images/:id/file': {
    tag: 'Files',
    summary: "Reads a picture's file as browsers show it; with `download`, as it was sent.",
    query: FileQuery,
    headers: RANGES,
    answers: { 200: 'image/*', 206: 'image/*', 304: null },
  },
}

const blob = (summary: string): Operation => ({
  tag: 'Files',
  summary,
  headers: RANGES,
  answers: { 200: 'image/*', 206: 'image/*', 304: null },
})

const files: Operations = {
  'GET /b/:board/blob/:sha256/original': blob('Reads a stored file by the sha256 of its bytes.'),
  'GET /b/:board/blob/:sha256/64': blob('Reads a stored file as WebP of at most 64 pixels a side.'),
  'GET /b/:board/blob/:sha256/320': blob(
    'Reads a stored file as WebP of at most 320 pixels a side.',
  ),
  'GET /b/:board/blob/:sha256/1280': blob(
    'Reads a stored file as WebP of at most 1280 pixels a side.',
  ),
  'GET /b/:board/blob/:sha256/4096': blob('Reads a stored file that browsers do not show as WebP.'),
  'GET /b/:board/arrivals/:id': {
    tag: 'Files',
    summary: 'Reads the file of a picture on its way, as it grows.',
    query: ArrivalQuery,
    answers: { 200: 'image/*' },
  },
  'GET /b/:board/arrivals/:id/preview': {
    tag: 'Files',
    summary: 'Reads the small preview of a picture on its way.',
    answers: { 200: 'image/webp' },
  },
  'GET /b/:board/arrivals/:id/preview/large': {
    tag: 'Files',
    summary: 'Reads the large preview of a picture whose file takes long.',
    answers: { 200: 'image/webp' },
  },
  'PUT /b/:board/arrivals/:id/preview/large': {
    tag: 'Files',
    summary: "Sends a large preview of one's own picture whose file takes long.",
    body: { content: ['*/*'] },
    answers: { 204: null },
  },
}

const TUS = {
  'Tus-Resumable': '1.0.0',
  'Upload-Draft-Interop-Version': "5 or 6 in place of that: the IETF's drafts 03 and 05.",
}
const COMPLETE = { 'Upload-Complete': "?1 with the last part, ?0 before, in the IETF's way." }

const uploads: Operations = {
  'OPTIONS /api/boards/:board/uploads': {
    tag: 'Uploads',
    summary: 'Tells the version, the extensions and the largest file.',
    answers: { 204: null },
  },
  'OPTIONS /api/boards/:board/uploads/:id': {
    tag: 'Uploads',
    summary: 'Tells the version, the extensions and the largest file.',
    answers: { 204: null },
  },
  'POST /api/boards/:board/uploads': {
    tag: 'Uploads',
    summary: 'Begins the upload of an announced picture.',
    about: 'A command `image.add` announces it: POST /b/{board}/commands.',
    headers: {
      ...TUS,
      'Upload-Length': 'Bytes of the file.',
      'Upload-Metadata': '`id`, then the announced id in base64.',
      ...COMPLETE,
    },
    body: { content: [TUS_PART, IETF_PART], isOptional: true },
    answers: { 201: null },
  },
  'HEAD /api/boards/:board/uploads/:id': {
    tag: 'Uploads',
    summary: 'Tells at which byte an upload stands.',
    query: UploadQuery,
    headers: TUS,
    answers: { 200: null },
  },
  'PATCH /api/boards/:board/uploads/:id': {
    tag: 'Uploads',
    summary: 'Sends the next part. The last one is answered when the picture is stored.',
    query: UploadQuery,
    headers: { ...TUS, 'Upload-Offset': 'The byte at which the part begins.', ...COMPLETE },
    body: { content: [TUS_PART, IETF_PART] },
    answers: { 204: null },
  },
  'DELETE /api/boards/:board/uploads/:id': {
    tag: 'Uploads',
    summary: 'Ends an upload, and removes its picture.',
    query: UploadQuery,
    headers: TUS,
    answers: { 204: null },
  },
}

const changes: Operations = {
  'GET /b/:board/changes': {
    tag: 'Changes',
    summary: 'Waits for the changes after a cursor.',
    query: ChangesQuery,
    answers: { 200: ChangesAnswer },
  },
  'POST /b/:board/commands': {
    tag: 'Changes',
    summary: 'Takes the commands of one queue, as the socket does.',
    query: CommandsQuery,
    body: { content: [Commands] },
    answers: { 200: Answer },
  },
}

const links: Operations = {
  'POST /api/boards/:board/session': {
    tag: 'Links',
    summary: "Gives this visitor the role of a link, by the link's secret.",
    body: { content: [SessionRequest] },
    answers: { 200: SessionAnswer },
  },
  'GET /api/boards/:board/session': {
    tag: 'Links',
    summary: 'Tells the role that you have here.',
    answers: { 200: OwnSession },
  },
  'DELETE /api/boards/:board/session': {
    tag: 'Links',
    summary: 'Gives back the right that this visitor has here.',
    answers: { 204: null },
  },
  'GET /api/boards/:board/owners': {
    tag: 'Links',
    summary: 'Lists the browsers that own a board.',
    answers: { 200: BoardOwners },
  },
  'DELETE /api/boards/:board/owners/:id': {
    tag: 'Links',
    summary: 'Ends the right of a browser that owns a board.',
    answers: { 204: null },
  },
  'GET /api/boards/:board/links': {
    tag: 'Links',
    summary: 'Lists the links of a board, without their secrets.',
    answers: { 200: LinkList },
  },
  'POST /api/boards/:board/links': {
    tag: 'Links',
    summary: 'Makes a link. The answer alone tells its secret.',
    headers: KEY,
    body: { content: [NewLink] },
    answers: { 201: NewLinkAnswer },
  },
  'PATCH /api/boards/:board/links/:id': {
    tag: 'Links',
    summary: 'Changes the role, label or bounds of a link.',
    body: { content: [LinkPatch] },
    answers: { 200: ChangedLink },
  },
  'DELETE /api/boards/:board/links/:id': {
    tag: 'Links',
    summary: 'Revokes a link, and ends all rights that came by it.',
    answers: { 204: null },
  },
  'POST /api/boards/:board/links/:id/renew': {
    tag: 'Links',
    summary: 'Gives a link a new secret. The old one ends.',
    answers: { 200: NewLinkAnswer },
  },
  'GET /api/boards/:board/access': {
    tag: 'Links',
    summary: 'Reads whether a board has a passphrase, when it closes, and the link of its walls.',
    answers: { 200: Rule },
  },
  'PATCH /api/boards/:board/access': {
    tag: 'Links',
    summary: 'Changes these.',
    body: { content: [AccessPatch] },
    answers: { 200: Rule },
  },
  'GET /api/boards/:board/join-code': {
    tag: 'Links',
    summary: 'Reads the short code by which people join at a wall.',
    answers: { 200: JoinCodeAnswer },
  },
  'POST /api/join': {
    tag: 'Links',
    summary: "Gives this visitor the role of a wall's code.",
    body: { content: [JoinRequest] },
    answers: { 200: Joined },
  },
  'GET /j/:code': {
    tag: 'Links',
    summary: 'Does the same for a browser, and leads to the board.',
    isOpenedByLinks: true,
    answers: { 303: null },
  },
}

const moderation: Operations = {
  'GET /api/boards/:board/held': {
    tag: 'Moderation',
    summary: 'Lists your pictures that wait, and all of them to owners.',
    answers: { 200: HeldAnswer },
  },
  'POST /api/boards/:board/held/approve': {
    tag: 'Moderation',
    summary: 'Lets pictures onto the board.',
    body: { content: [Decision] },
    answers: { 200: DecisionAnswer },
  },
  'POST /api/boards/:board/held/refuse': {
    tag: 'Moderation',
    summary: 'Turns pictures away for good.',
    body: { content: [Decision] },
    answers: { 200: DecisionAnswer },
  },
  'POST /api/boards/:board/held/:image/approve': {
    tag: 'Moderation',
    summary: 'Lets one picture onto the board.',
    answers: { 204: null },
  },
  'POST /api/boards/:board/held/:image/refuse': {
    tag: 'Moderation',
    summary: 'Turns one picture away for good.',
    answers: { 204: null },
  },
}

const server: Operations = {
  'POST /api/owner': {
    tag: 'Server',
    summary: "Makes this browser the server's owner, by an owner code.",
    body: { content: [OwnerRequest] },
    answers: { 204: null },
  },
  'GET /api/owner': {
    tag: 'Server',
    summary: 'Tells whether you own the server, and where people sign in.',
    answers: { 200: OwnerState },
  },
  'DELETE /api/owner': { tag: 'Server', summary: 'Signs out.', answers: { 204: null } },
  'GET /api/owner/sign-in': {
    tag: 'Server',
    summary: 'Leads a browser to where people sign in.',
    query: SignInQuery,
    answers: { 303: null },
  },
  'GET /api/owner/callback': {
    tag: 'Server',
    summary: 'Takes a browser back from there.',
    isOpenedByLinks: true,
    answers: { 303: null },
  },
  'GET /api/owners': {
    tag: 'Server',
    summary: 'Lists the browsers that own the server.',
    answers: { 200: ServerOwners },
  },
  'DELETE /api/owners/:id': {
    tag: 'Server',
    summary: 'Ends the right of one of them.',
    answers: { 204: null },
  },
  'GET /api/addresses': {
    tag: 'Server',
    summary: 'Lists the addresses by which others reach this computer, to its own pages.',
    answers: { 200: Addresses },
  },
  'GET /api/openapi.json': {
    tag: 'Server',
    summary: 'Reads this document.',
    headers: { 'If-None-Match': 'An ETag that you have, answered 304 while it holds.' },
    answers: { 200: 'application/json', 304: null },
  },
  'GET /healthz': {
    tag: 'Server',
    summary: 'Tells that the server is alive.',
    answers: { 200: Alive },
  },
  'GET /readyz': {
    tag: 'Server',
    summary: 'Tells whether the server can save what it is sent.',
    answers: { 200: Ready, 503: NotReady },
  },
  'GET /metrics': {
    tag: 'Server',
    summary: 'Reads its measurements, for Prometheus.',
    answers: { 200: 'text/plain' },
  },
}

const page = (summary: string): Operation => ({
  tag: 'Pages',
  summary,
  isOpenedByLinks: true,
  answers: { 200: 'text/html', 304: null },
})

const pages: Operations = {
  'GET /': page('Opens the front board.'),
  'GET /b/:board': page('Opens a board.'),
  'GET /b/:board/': page('Opens a board.'),
  'GET /b/:board/add': page("Opens a board's page for guests."),
  'GET /b/:board/add/': page("Opens a board's page for guests."),
  'GET /b/:board/show': page("Opens a board's wall."),
  'GET /b/:board/show/': page("Opens a board's wall."),
  'GET /api': page('Opens this document as a page.'),
  'GET /*': {
    tag: 'Pages',
    summary: 'Reads a file of the page.',
    isOpenedByLinks: true,
    answers: { 200: '*/*', 206: '*/*', 304: null },
  },
}

const classic = (summary: string, answer: Operation['answers'][number]): Operation => ({
  tag: 'Tutorials',
  summary,
  isOpenedByLinks: true,
  hasOwnErrors: true,
  answers: { 200: answer },
})
const FORM = { body: { content: ['multipart/form-data', 'application/json'] } } as const

const tutorials: Operations = {
  'POST /image': { ...classic('Stores a picture of a form.', 'application/json'), ...FORM },
  'POST /image/': { ...classic('Stores a picture of a form.', 'application/json'), ...FORM },
  'POST /image/:id': {
    ...classic('Fills a placeholder with its picture.', 'application/json'),
    ...FORM,
  },
  'PUT /image/:id': {
    ...classic('Fills a placeholder with its picture.', 'application/json'),
    ...FORM,
  },
  'GET /image/download/:id': {
    ...classic('Downloads a picture.', 'image/*'),
    headers: RANGES,
    answers: { 200: 'image/*', 206: 'image/*', 304: null },
  },
  'GET /config.js': classic("Tells the tutorial's page where its server is.", 'text/javascript'),
}

/** Every address of the server with its methods. A test holds the registered ones to this table. */
export const operations: Operations = {
  ...boards,
  ...pictures,
  ...slots,
  ...files,
  ...uploads,
  ...changes,
  ...links,
  ...moderation,
  ...server,
  ...pages,
  ...tutorials,
}
