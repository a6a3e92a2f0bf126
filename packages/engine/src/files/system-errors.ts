/** Returns the code of an error of the operating system, such as `ENOENT`. Undefined if it has none. */
export function systemErrorCode(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** Tells whether a call failed for want of descriptors, memory or processes: another try in a moment may help. */
export const isScarcity = (error: unknown): boolean =>
  ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'ENOBUFS'].includes(systemErrorCode(error) ?? '')

/** Tells whether a write failed for want of room: disk full, over quota, or file too large for the disk. */
export const isDiskFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(systemErrorCode(error) ?? '')
