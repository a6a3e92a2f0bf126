import { WireError } from '@wirephoto/board'
import type { FastifyRequest } from 'fastify'
import { declaredLength } from '../body.ts'
import { operationFor } from './document.ts'

/**
 * Throws for what a request has and its operation doesn't use (F14): `unknown-field` for a parameter or a field,
 * `bad-request` for another body. Pages are opened by links that others add to, so their parameters are let be.
 */
export async function refuseUnused(request: FastifyRequest): Promise<void> {
  const { method, routeOptions } = request
  const operation = operationFor(method, routeOptions.url ?? '')
  if (!operation) return
  if (!operation.isOpenedByLinks) {
    const used = operation.query?.shape ?? {}
    const field = Object.keys(request.query as object).find((each) => !Object.hasOwn(used, each))
    if (field !== undefined) throw new WireError('unknown-field', { field })
  }
  if (operation.body || !hasBody(request)) return
  const { body } = request
  const [field] = Object.keys(Object(body ?? {}))
  // An empty object says nothing that could be missed.
  if (typeof body === 'object' && body !== null && field === undefined) return
  if (typeof body === 'object' && !Array.isArray(body) && field !== undefined)
    throw new WireError('unknown-field', { field })
  throw new WireError('bad-request', { field: 'body' })
}

/** Returns whether a body came, or will. The framework reads none of a GET, and none for routes that stream. */
function hasBody({ method, body, raw, routeOptions }: FastifyRequest): boolean {
  const isRead = method !== 'GET' && method !== 'HEAD' && !routeOptions.config.streams
  if (isRead) return body !== null && body !== undefined
  return raw.headers['transfer-encoding'] !== undefined || (declaredLength(raw) ?? 0) > 0
}
