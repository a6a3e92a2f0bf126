import { parseCursor, type Snapshot } from '@wirephoto/board'

/** Whether this is a snapshot. Gateways and login pages answer in JSON too, and a copy may be damaged. */
export const isSnapshot = (value: Snapshot | null | undefined): value is Snapshot =>
  parseCursor(value?.cursor ?? '') !== null &&
  Array.isArray(value?.records) &&
  value.records.every((record) => record?.id)
