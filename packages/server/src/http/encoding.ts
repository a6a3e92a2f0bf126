import { negotiate } from '@fastify/accept-negotiator'
import type { FastifyRequest } from 'fastify'

/** Best first. */
const ENCODINGS = ['br', 'gzip', 'identity'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** Chooses the encoding of an answer by the request's `Accept-Encoding` (RFC 9110 section 12.5.3). */
export const encodingFor = ({ headers }: FastifyRequest): Encoding =>
  negotiate<Encoding>(headers['accept-encoding']?.toLowerCase() ?? '', [...ENCODINGS]) ?? 'identity'
