import type { Problem } from '@wirephoto/client'
import type { JSX } from 'solid-js'
import { serverUrl } from '../browser/server-url.ts'
import { words } from '../words/page.ts'

/** Stands in for a board that can't be shown: says why, and links to the front board. */
export function ProblemPage(props: { problem: Problem }): JSX.Element {
  return (
    <main class="empty alone">
      <h1>{props.problem.message}</h1>
      <div class="buttons">
        <a class="main" href={`${serverUrl}/`}>
          {words.toFrontBoard}
        </a>
      </div>
    </main>
  )
}
