/** Whether a name or address, perhaps in brackets, is reached from this machine alone. */
export const isLoopback = (name: string): boolean =>
  /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|\[::1\])$/i.test(name)

/** Whether nobody but this machine reaches a server, as far as its settings say. */
export const isPrivate = ({ host, publicUrl, trustProxy = [] }: Reach): boolean =>
  host !== null && isLoopback(host) && (publicUrl ?? null) === null && trustProxy.length === 0

/** The settings that say from where a server is reached. */
interface Reach {
  /** Null where nobody knows. */
  readonly host: string | null
  readonly publicUrl?: string | null | undefined
  readonly trustProxy?: readonly string[] | undefined
}
