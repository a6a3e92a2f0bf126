import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { heightOf, type ImageRecord, WireError } from '@wirephoto/board'
import { ClientError } from '@wirephoto/client'
import { AgentError } from './agent-error.ts'

/** A picture as an agent reads of it. Places are in board units. */
export interface Described {
  readonly id: string
  readonly name: string
  readonly caption: string
  readonly by: string
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

export const described = (picture: ImageRecord): Described => {
  const { id, name, caption, by, x, y, w } = picture
  return {
    id,
    name,
    caption,
    by,
    x: round(x),
    y: round(y),
    w: round(w),
    h: round(heightOf(picture)),
  }
}

/** Returns a picture's record in full, as an agent reads of it. */
export const describedInFull = (picture: ImageRecord): object => {
  const { width, height, type, bytes, createdAt, deletedAt, slot, blob } = picture
  return {
    ...described(picture),
    pixels: `${width} x ${height}`,
    type,
    bytes,
    addedAt: new Date(createdAt).toISOString(),
    isStored: blob !== null,
    isInTrash: deletedAt !== null,
    ...(slot !== null && { liveSlot: slot }),
  }
}

const round = (units: number): number => Math.round(units * 10) / 10

/** Makes the answer of a tool: its facts as JSON. */
export const told = (facts: object): CallToolResult => ({
  content: [{ type: 'text', text: JSON.stringify(facts) }],
})

/** Makes the answer of a tool that shows a picture. */
export const shown = (picture: Uint8Array, mimeType: string, facts: object): CallToolResult => ({
  content: [
    { type: 'image', data: Buffer.from(picture).toString('base64'), mimeType },
    ...told(facts).content,
  ],
})

/** Has a tool answer with the code and the sentence of what goes wrong, and never throw. */
export function answering<A>(
  tool: (args: A) => Promise<CallToolResult>,
): (args: A) => Promise<CallToolResult> {
  return async (args) => {
    try {
      return await tool(args)
    } catch (error) {
      return { isError: true, content: [{ type: 'text', text: sentenceOf(error) }] }
    }
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof WireError || error instanceof ClientError || error instanceof AgentError)
    return `${error.code}: ${error.message}`
  // The request of a server that is away.
  if (error instanceof TypeError && error.message === 'fetch failed')
    return "no-answer: The server doesn't answer."
  return `internal: ${error instanceof Error ? error.message : String(error)}`
}
