import type { ImageRecord } from '@wirephoto/board'
import { type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { authorAndTime } from '../ui/author-and-time.ts'
import { colourToken, initialOf } from '../ui/person-colour.ts'

/** Shows the first letter of the author's name in the picture's corner. A screen reader gets the name and the time. */
export function Author(props: { record: ImageRecord | undefined }): JSX.Element {
  const { boardStore } = useApp()
  return (
    <Show when={props.record}>
      {(record) => (
        <>
          <span class="visually-hidden">
            {authorAndTime(record(), boardStore).filter(Boolean).join(', ')}
          </span>
          <Show when={record().by}>
            {(by) => (
              <span
                class="author-initial"
                aria-hidden="true"
                translate="no"
                style={{ background: colourToken(boardStore.colourOf(record().author)) }}
              >
                {initialOf(by())}
              </span>
            )}
          </Show>
        </>
      )}
    </Show>
  )
}
