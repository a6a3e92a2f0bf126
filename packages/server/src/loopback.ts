/** Whether a name or address, perhaps in brackets, is reached from this machine alone. */
export const isLoopback = (name: string): boolean =>
  /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|\[::1\])$/i.test(name)
