/** So few without a record are no sign of a lost database: a server that is killed may leave some. */
export const UNSUSPICIOUS_COUNT = 10

/** Whether more of the stored files have no record than `percent` of all: then the database may have been lost. */
export const isSuspicious = (unnamedCount: number, fileCount: number, percent: number): boolean =>
  unnamedCount > Math.max(UNSUSPICIOUS_COUNT, (fileCount * percent) / 100)
