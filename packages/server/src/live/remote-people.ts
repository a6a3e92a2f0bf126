import type { PresenceUpdate } from '@wirephoto/board'
import type { Roster } from '../bus/message.ts'

/** Time without news of another server after which its people aren't shown any more. */
const FORGOTTEN_AFTER_MS = 8_000

interface RemoteServer {
  readonly states: Map<string, NonNullable<PresenceUpdate[string]>>
  visitors: ReadonlySet<string>
  memberCount: number
  heardAt: number
}

/** The people who look at a board by other servers, as these tell. */
export class RemotePeople {
  readonly #servers = new Map<string, RemoteServer>()

  /** The states of all sessions. */
  get all(): PresenceUpdate {
    const states = [...this.#servers.values()].map((server) => Object.fromEntries(server.states))
    return Object.assign({}, ...states) as PresenceUpdate
  }

  /** The people. */
  get visitors(): ReadonlySet<string> {
    return new Set([...this.#servers.values()].flatMap(({ visitors }) => [...visitors]))
  }

  /** The pages and walls. */
  get memberCount(): number {
    return this.#servers.values().reduce((sum, { memberCount }) => sum + memberCount, 0)
  }

  /** Returns the name that a visitor has there; empty for none. */
  nameOf(visitor: string): string {
    for (const { states } of this.#servers.values())
      for (const state of states.values())
        if (state.visitor === visitor && state.name) return state.name
    return ''
  }

  /** Takes over what has changed on another server. */
  update(from: string, update: PresenceUpdate): void {
    const { states } = this.#serverOf(from)
    for (const [session, state] of Object.entries(update))
      if (state) states.set(session, state)
      else states.delete(session)
  }

  /** Takes over everybody who is on another server. Returns what has changed by that. */
  replace(from: string, { states, visitors, memberCount }: Roster): PresenceUpdate {
    const server = this.#serverOf(from)
    const gone = [...server.states.keys()].filter((session) => !states[session])
    const update = { ...states, ...Object.fromEntries(gone.map((session) => [session, null])) }
    this.update(from, update)
    Object.assign(server, { visitors: new Set(visitors), memberCount })
    if (memberCount === 0) this.#servers.delete(from)
    return update
  }

  /** Forgets the servers that are silent. Returns what has changed by that. */
  forgetSilent(): PresenceUpdate {
    const before = performance.now() - FORGOTTEN_AFTER_MS
    const update: PresenceUpdate = {}
    for (const [from, { states, heardAt }] of this.#servers) {
      if (heardAt > before) continue
      for (const session of states.keys()) update[session] = null
      this.#servers.delete(from)
    }
    return update
  }

  #serverOf(from: string): RemoteServer {
    const known = this.#servers.get(from)
    const server = known ?? { states: new Map(), visitors: new Set(), memberCount: 0, heardAt: 0 }
    server.heardAt = performance.now()
    if (!known) this.#servers.set(from, server)
    return server
  }
}
