import { isAccessCode } from '@wirephoto/board'
import type { Problem } from '@wirephoto/client'
import { type JSX, Show } from 'solid-js'
import { serverUrl } from '../browser/server-url.ts'
import type { BoardStore } from '../state/board-store.ts'
import { gateWords } from '../words/gate.ts'
import { messageOf } from '../words/language.ts'
import { words } from '../words/page.ts'
import { Gate } from './gate.tsx'
import { forget } from './visited-boards.ts'

/** Stands in for a board that the server refuses: says why, and how it may be had after all. */
export function ProblemPage(props: { problem: Problem; boardStore: BoardStore }): JSX.Element {
  const { board } = props.boardStore
  if (props.problem.code === 'unknown-board') forget(board.id)
  return (
    <Show when={isAccessCode(props.problem.code)} fallback={<Alone problem={props.problem} />}>
      <Gate
        board={board.id}
        problem={props.problem}
        unsent={unsentIn(props.boardStore)}
        onOpen={() => board.reconnect()}
      />
    </Show>
  )
}

function Alone(props: { problem: Problem }): JSX.Element {
  return (
    <main class="empty alone">
      <h1>{messageOf(props.problem)}</h1>
      <div class="buttons">
        <a class="main" href={`${serverUrl}/`}>
          {words.toFrontBoard}
        </a>
      </div>
    </main>
  )
}

function unsentIn({ board, status }: BoardStore): string {
  // An upload may go on although its command was answered.
  const count = Math.max(status().unsent, board.uploads.size)
  if (count === 0) return ''
  return board.losesUnsent ? gateWords.unsentHere(count) : gateWords.unsent(count)
}
