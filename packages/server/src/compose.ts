import type { Server as HttpServer, ServerResponse } from 'node:http'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { boardOf, type RefusedTypes } from '@wirephoto/board'
import {
  closeToOthers,
  type Engine,
  lockFolder,
  makeFilesPrivate,
  makeFolder,
  openEngine,
  withoutBlobs,
} from '@wirephoto/engine'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { Access } from './access/access.ts'
import { OwnerCodes } from './access/owner-codes.ts'
import { SecretCache } from './access/secret-cache.ts'
import { Archives } from './archive/archives.ts'
import { DownloadProgress } from './archive/download-progress.ts'
import { KeptPlans } from './archive/kept-plans.ts'
import { Audit } from './audit/audit.ts'
import { openBackupSocket } from './backup/backup-socket.ts'
import { Boards } from './boards/boards.ts'
import { MarkedPictures } from './boards/marked-pictures.ts'
import { type Bounds, boundsWith } from './bounds.ts'
import { Elsewhere } from './bus/elsewhere.ts'
import { NodeRequests } from './bus/node-requests.ts'
import { openNode } from './bus/open-bus.ts'
import { Relay } from './bus/relay.ts'
import { findAnswer } from './bus/remote-answers.ts'
import { RemoteFiles } from './bus/remote-files.ts'
import { RemoteLargePreviews } from './bus/remote-large-previews.ts'
import { findPlan } from './bus/remote-plans.ts'
import { UploadServers, unreachedServers } from './bus/upload-servers.ts'
import { Classic } from './classic/classic.ts'
import { classicRoutes } from './classic/routes.ts'
import type { ServerConfig } from './config.ts'
import { LoopTurns } from './fairness/loop-turns.ts'
import { RecentUse } from './fairness/recent-use.ts'
import { surviveAcceptErrors } from './http/accept-errors.ts'
import { accessRoutes } from './http/access.ts'
import { addressRoutes } from './http/addresses.ts'
import type { RegisteredRoutes } from './http/api/document.ts'
import { apiRoutes } from './http/api/routes.ts'
import { createApp } from './http/app.ts'
import { archiveRoutes } from './http/archives.ts'
import { arrivalRoutes } from './http/arrivals.ts'
import { auditRoutes } from './http/audit.ts'
import { blobRoutes } from './http/blobs.ts'
import { boardAddressAt } from './http/board-address.ts'
import { boardRoutes } from './http/boards.ts'
import { changesRoutes } from './http/changes.ts'
import { createGuard, type Guard } from './http/guard.ts'
import { healthRoutes } from './http/health.ts'
import { heldRoutes } from './http/held.ts'
import { imageRoutes } from './http/images.ts'
import { KeptAnswers } from './http/kept-answers.ts'
import { urlOf } from './http/listen.ts'
import { nodeRoutes } from './http/node-routes.ts'
import { overviewRoutes } from './http/overview.ts'
import { pageRoutes } from './http/page.ts'
import { createPageBuildReader } from './http/page-build.ts'
import { picturesAt } from './http/picture-addresses.ts'
import { ProblemPage } from './http/problem-page.ts'
import { serverOwnerRoutes } from './http/server-owner.ts'
import { signInRoutes } from './http/sign-in.ts'
import { slotReadRoutes } from './http/slot-reads.ts'
import { slotRoutes } from './http/slots.ts'
import { passedOnProxies, trustedProxies } from './http/trusted-proxies.ts'
import { uploadRoutes } from './http/uploads.ts'
import { webhookRoutes } from './http/webhooks.ts'
import { GARBAGE_COLLECTION_TIMES, GarbageCollector } from './images/garbage-collector.ts'
import { type ImagePipeline, openImagePipeline } from './images/pipeline.ts'
import { Fetcher } from './images/remote-fetch.ts'
import { AbandonedPictures } from './images/uploads/abandoned-pictures.ts'
import { inBackground } from './in-background.ts'
import { installationOf } from './installation.ts'
import { Gateway } from './live/gateway.ts'
import { HeldRequests } from './live/held-requests.ts'
import { commandLimiterWith } from './live/party-limiter.ts'
import { Metrics } from './metrics.ts'
import { HeldCommands } from './moderation/held-commands.ts'
import { HeldLogs } from './moderation/held-logs.ts'
import { Moderation } from './moderation/moderation.ts'
import { ProgramBoards } from './program-boards.ts'
import { basePathOf } from './public-url.ts'
import { PushedPictures } from './pushed-pictures.ts'
import { Readiness } from './readiness.ts'
import { openSignIn } from './sign-in/sign-in.ts'
import { SlotFrames } from './slots/slot-frames.ts'
import { Slots } from './slots/slots.ts'
import { startExport } from './telemetry/start-export.ts'
import { TrustedClock } from './trusted-clock.ts'
import { Webhooks } from './webhooks/webhooks.ts'

/** The time that open requests have to end when the server closes. */
const CLOSE_TIMEOUT_MS = 10_000
const SECOND_MS = 1_000

interface Storage {
  readonly engine: Engine
  readonly boards: Boards
  readonly audit: Audit
  readonly images: ImagePipeline
  /** Finishes what an earlier run of the server has left, in the background. */
  readonly resume: () => void
}

/** The objects of one server, each made once. */
export interface Services extends Storage {
  readonly app: FastifyInstance
  /** The addresses of the app, with their methods. */
  readonly registered: RegisteredRoutes
  readonly guard: Guard
  readonly access: Access
  readonly metrics: Metrics
  readonly pushedPictures: PushedPictures
  readonly programBoards: ProgramBoards
}

/** Objects that a test puts in place of the server's own. */
export interface Replacements {
  readonly guard?: Guard | undefined
  readonly fetcher?: Fetcher | undefined
  readonly clock?: TrustedClock | undefined
  readonly use?: RecentUse | undefined
}

/**
 * Makes every object of a server but its listening sockets, and defers their ends onto `stack`. Rejects
 * with `EngineError` or `IssuerError`, or with the system's error if the data folder can't be written.
 */
export async function compose(
  config: ServerConfig,
  log: FastifyBaseLogger,
  stack: AsyncDisposableStack,
  replacements: Replacements = {},
): Promise<Services> {
  const { maxUpload, webRoot, classic: classicConfig } = config
  const bounds = boundsWith(config.bounds)
  const refusedTypes = new Set(config.refuse)
  const use = replacements.use ?? new RecentUse()
  const loopTurns = new LoopTurns(use)
  const signIn = await openSignIn(config.oidc, log)
  const storage = await openStorage(
    config,
    { bounds, refusedTypes, log, use },
    stack,
    replacements.clock,
  )
  const { engine, boards, audit, images } = storage
  const { incomingFiles, uploadProgress, previews, intake, directUpload, replacedFiles } = images

  const slots = new Slots({ boards, directUpload, replacedFiles, bounds, log })
  // Its last frames are stored before the boards close.
  stack.defer(() => slots.close())
  const access = new Access(engine, config)
  stack.defer(() => access.endWatch())
  const ownerCodes = new OwnerCodes({
    data: config.data,
    secrets: new SecretCache(engine.secrets),
    isShared: engine.isShared,
    log,
  })
  stack.defer(() => ownerCodes.close())
  const installation = await installationOf(engine)
  const { bus, direct, links } = await openNode(config, engine, installation, log, stack)
  const isAlone = bus.state.kind === 'none'
  const nodeRequests = new NodeRequests(direct?.proofs ?? null)
  const proxies = passedOnProxies(trustedProxies(config.trustProxy ?? []), nodeRequests)
  const remoteFiles = direct
    ? await RemoteFiles.open({ client: direct.client, folder: join(config.data, 'growing'), log })
    : null
  uploadProgress.readsFrom = (server) => remoteFiles?.reaches(server) ?? false
  const remotePictures = direct &&
    remoteFiles && {
      client: direct.client,
      files: remoteFiles,
      largePreviews: new RemoteLargePreviews({ client: direct.client, uploadProgress }),
    }
  const guard = replacements.guard ?? createGuard({ ...config, proxies, installation, access })
  const fetcher =
    replacements.fetcher ??
    new Fetcher({
      maxUpload,
      publicUrl: config.publicUrl,
      ports: config.fetchPorts,
      mayReach: config.fetchFrom,
      bounds,
    })
  const addressesOf = (board: string, id: string) => picturesAt(url, board, id)
  const webhooks = new Webhooks({
    secrets: engine.secrets,
    poster: new Fetcher({
      maxUpload,
      publicUrl: config.publicUrl,
      ports: config.fetchPorts,
      trusted: config.webhookTo,
      bounds,
    }),
    now: () => boards.clock.now(),
    addressesOf,
    log,
  })
  webhooks.follow(boards)
  webhooks.followSlots(slots.times, boards)
  stack.defer(() => webhooks.close())
  const commandLimiter = commandLimiterWith(bounds)
  const { files, variants, checksums, overviews } = images
  const plans = await KeptPlans.open(join(config.data, 'archives'), {
    maxAgeS: bounds['archive-age'],
    maxBytes: bounds['archive-plans'],
    log,
  })
  const elsewhere = direct && new Elsewhere(direct.client)
  const archives = new Archives({
    files,
    checksums,
    plans,
    findElsewhere: async (address) => (elsewhere ? await findPlan(elsewhere, address) : null),
  })
  const progress = new DownloadProgress((...args) => gateway.tellDownloads(...args))
  const metrics = new Metrics()
  metrics.registry.registerMetric(files.faults)
  if (config.openTelemetry) await startExport({ data: config.data, metrics, log }, stack)
  const heldRequests = new HeldRequests()
  const keptAnswers = new KeptAnswers({
    maxBytes: bounds['kept-answers'],
    findElsewhere: async (key) => (elsewhere ? await findAnswer(elsewhere, key) : null),
  })
  const heldLogs = new HeldLogs(boards)
  const heldCommands = new HeldCommands(heldLogs, replacedFiles)
  const moderation = new Moderation({ logs: heldLogs, engine, images, audit })
  const readPageBuild = createPageBuildReader(webRoot)
  const classic = classicConfig
    ? await Classic.open(
        {
          files,
          engine,
          boards,
          intake,
          directUpload,
          guard,
          log,
          commandLimiter,
          folder: config.data,
        },
        classicConfig,
      )
    : null
  const basePath = basePathOf(config.publicUrl, config.path)
  const problemPage = new ProblemPage(webRoot, basePath)
  const classicPages = classicConfig?.pages ?? null
  /** Kept, since a server that closes has no address any more but still answers. */
  let url = config.publicUrl ?? basePath
  const readiness = new Readiness({
    engine,
    clock: boards.clock,
    data: config.data,
    sweep: () => garbageCollector.state,
    bus,
    direct: direct && {
      get isFull() {
        return direct.directory.isFull
      },
      unreached: () => unreachedServers(direct.client),
    },
  })
  metrics.watch({ reasons: () => readiness.reasons(), data: config.data })
  const appOptions = {
    guard,
    proxies,
    nodeRequests,
    log,
    bounds,
    problemPage,
    basePath,
    commandLimiter,
    loopTurns,
    allowsOrigins: (config.allowedOrigins ?? []).length > 0,
  }
  const { app, registered } = await createApp(appOptions, async (routes, known) => {
    await routes.register(apiRoutes, { guard, registered: known, webRoot, basePath })
    await routes.register(healthRoutes, { readiness, metrics: config.metrics ? null : metrics })
    await routes.register(addressRoutes, { ...config, guard })
    if (direct) await routes.register(nodeRoutes, { nodeRequests, plans, keptAnswers })
    await routes.register(boardRoutes, { boards, guard, access, keptAnswers, bounds })
    await routes.register(overviewRoutes, { boards, guard, overviews })
    await routes.register(accessRoutes, {
      boards,
      guard,
      access,
      audit,
      bounds,
      keptAnswers,
    })
    await routes.register(serverOwnerRoutes, {
      boards,
      guard,
      access,
      engine,
      audit,
      ownerCodes,
      hasSignIn: signIn !== null,
      dismiss: (...args) => gateway.dismiss(...args),
    })
    await routes.register(signInRoutes, { access, guard, signIn, log })
    await routes.register(webhookRoutes, { boards, guard, webhooks, keptAnswers })
    await routes.register(auditRoutes, { boards, guard, audit })
    await routes.register(changesRoutes, {
      boards,
      guard,
      uploadProgress,
      downloadProgress: progress,
      heldRequests,
      heldCommands,
      readPageBuild,
    })
    const pictures = { boards, guard, heldLogs }
    await routes.register(imageRoutes, {
      ...pictures,
      directUpload,
      fetcher,
      maxUpload,
      bounds,
      keptAnswers,
      replacedFiles,
    })
    await routes.register(slotRoutes, {
      boards,
      guard,
      slots,
      bounds,
      showFile: (...args) => gateway.showFile(...args),
    })
    const slotFrames = new SlotFrames(replacedFiles)
    await routes.register(slotReadRoutes, { boards, guard, slots, slotFrames, files })
    await routes.register(uploadRoutes, {
      ...pictures,
      intake,
      maxUpload,
      nodeRequests,
      others: direct && {
        client: direct.client,
        uploadServers: new UploadServers({ ...direct, uploadProgress }),
      },
    })
    await routes.register(blobRoutes, { ...pictures, files, variants })
    await routes.register(archiveRoutes, {
      boards,
      guard,
      archives,
      progress,
      bounds,
      keptAnswers,
    })
    await routes.register(arrivalRoutes, {
      ...pictures,
      incomingFiles,
      uploadProgress,
      others: remotePictures,
      nodeRequests,
      previews,
      bounds,
    })
    await routes.register(heldRoutes, { ...pictures, moderation })
    await routes.register(pageRoutes, {
      boards,
      guard,
      webRoot,
      classicPages,
      refusedTypes,
      basePath,
    })
    if (classic)
      await routes.register(classicRoutes, {
        classic,
        intake,
        directUpload,
        files,
        maxUpload,
        log,
      })
  })
  stack.defer(() => app.close())
  surviveAcceptErrors(app.server, log)
  const listener = config.server ?? app.server
  const onListening = () => {
    url = urlOf(listener, config)
  }
  if (listener.listening) onListening()
  listener.on('listening', onListening)
  stack.defer(() => {
    listener.off('listening', onListening)
  })
  const gateway = new Gateway(app.server, {
    bounds,
    boards,
    guard,
    previews,
    uploadProgress,
    slots,
    metrics,
    publish: isAlone ? null : (board, message) => bus.publish(board, message),
    log,
    readPageBuild,
    commandLimiter,
    loopTurns,
    heldLogs,
    heldCommands,
  })
  links?.listen(app.server)
  if (!isAlone)
    stack.use(
      new Relay({ bus, boards, incomingFiles, uploadProgress, slots, gateway, access, log }),
    )
  moderation.onDecided = (...args) => gateway.tellDecided(...args)
  audit.nameOf = (board, visitor) => gateway.nameOf(board, visitor)
  classic?.attach(app.server)
  await app.ready()

  const abandonedPictures = new AbandonedPictures({
    incomingFiles,
    intake,
    isHere: (board, visitor) =>
      gateway.isHere(boardOf(board), visitor) || heldRequests.isHere(visitor),
  })
  // The sender's page may be open on another server, which this one can't ask.
  if (!engine.isShared) stack.defer(abandonedPictures.watch(boards))
  const garbageCollector = new GarbageCollector({
    engine,
    boards,
    audit,
    images,
    notify: (...args) => gateway.notify(...args),
    bounds,
    metrics,
    log,
  })
  const collections = garbageCollector.schedule(config.garbageCollection)
  stack.defer(() => collections.close())

  const pushedPictures = new PushedPictures({
    boards,
    directUpload,
    addressesOf,
    showFile: (...args) => gateway.showFile(...args),
  })
  const timeoutMs = config.grace ?? CLOSE_TIMEOUT_MS
  deferConnections(
    stack,
    app.server,
    [gateway, classic, heldRequests, pushedPictures, incomingFiles],
    timeoutMs,
  )
  const programBoards = new ProgramBoards({
    boards,
    access,
    audit,
    addressOf: (board) => boardAddressAt(url, board),
  })
  return { ...storage, app, registered, guard, access, metrics, pushedPictures, programBoards }
}

/** Opens the boards and the pictures, and defers their ends onto `stack`. */
async function openStorage(
  config: ServerConfig,
  {
    bounds,
    refusedTypes,
    log,
    use,
  }: { bounds: Bounds; refusedTypes: RefusedTypes; log: FastifyBaseLogger; use: RecentUse },
  stack: AsyncDisposableStack,
  injectedClock?: TrustedClock,
): Promise<Storage> {
  const { data, engine: address, maxUpload, memory, acceptLoss, steadyClockMs: steadyMs } = config
  makeFilesPrivate()
  await makeFolder(data)
  for (const folder of foldersOf(data, address)) {
    const warning = closeToOthers(folder)
    if (warning !== null) log.warn({ folder }, warning)
  }
  // Uploads lie in it, wherever the boards are: another server would take them for those of a dead one.
  stack.defer(lockFolder(data))
  const engine = await openEngine(address, { acceptLoss })
  stack.defer(() => engine.close())
  for (const { code, message } of await engine.health()) log.warn({ fault: code }, message)
  const locked = lockedFolderOf(address)
  if (locked !== null) stack.defer(await openBackupSocket(locked, engine, log))
  const clock =
    injectedClock ?? new TrustedClock({ newest: await engine.newestTime(), log, steadyMs })
  stack.defer(() => clock.close())
  const audit = new Audit({ engine, clock, bounds, log })
  // After the boards, whose last commands are acts too.
  stack.defer(() => audit.close())
  const boards = await Boards.open(engine, clock, log, bounds, config.pictureMinuteMs)
  stack.defer(() => boards.close())
  audit.follow(boards)
  const graceMs = bounds['purge-grace'] * SECOND_MS
  const markedPictures = new MarkedPictures({ boards, graceMs, log })
  stack.defer(() => markedPictures.close())
  let resumed: Promise<unknown> = Promise.resolve()
  stack.defer(async () => {
    await resumed.catch(() => {})
  })
  const images = await openImagePipeline({
    data,
    engine,
    boards,
    maxUpload,
    memory,
    refusedTypes,
    bounds,
    blobLeaseMs: (config.garbageCollection ?? GARBAGE_COLLECTION_TIMES).blobLeaseMs,
    log,
    use,
  })
  stack.defer(() => images.close())
  const resumePurges: typeof markedPictures.resume = (board, records) =>
    markedPictures.resume(board, records)
  const resume = () => {
    resumed = Promise.all([images.intake.resume(), images.variants.resume(resumePurges)])
    inBackground(resumed, log)
  }
  return { engine, boards, audit, images, resume }
}

/** Returns the folders that a server writes to. */
function foldersOf(data: string, engine: string): Set<string> {
  return new Set([resolve(data), lockedFolderOf(engine) ?? resolve(data)])
}

/** Returns the folder that an engine locks; null for one that servers share. */
function lockedFolderOf(engine: string): string | null {
  const [, stored] = /^sqlite:(.+)/.exec(withoutBlobs(engine)) ?? []
  return stored === undefined ? null : resolve(stored)
}

/**
 * Defers the end of all connections onto `stack`: sockets say goodbye, and uploads break off with their
 * bytes durable. All other requests may end until the timeout.
 */
function deferConnections(
  stack: AsyncDisposableStack,
  server: HttpServer,
  owners: readonly ({ close(): unknown } | null)[],
  timeoutMs: number,
): void {
  const requests = openRequests(server)
  // The stack is emptied from its top, so the last one deferred runs first.
  stack.defer(() => {
    requests.breakOff()
    server.closeAllConnections()
  })
  stack.defer(() =>
    Promise.race([requests.whenNone(), setTimeout(timeoutMs, undefined, { ref: false })]),
  )
  for (const owner of owners.toReversed())
    stack.defer(async () => {
      await owner?.close()
    })
}

/** Follows the requests that aren't answered yet. Those of somebody else's server have its connections. */
function openRequests(server: HttpServer): { whenNone(): Promise<void>; breakOff(): void } {
  const open = new Set<ServerResponse>()
  let resolve = () => {}
  server.on('request', (_request, response) => {
    open.add(response)
    response.once('close', () => {
      open.delete(response)
      if (open.size === 0) resolve()
    })
  })
  return {
    whenNone: () =>
      new Promise((done) => {
        resolve = done
        if (open.size === 0) done()
      }),
    breakOff() {
      for (const response of open) response.destroy()
    },
  }
}
