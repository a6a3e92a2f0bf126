import { type JSX, Show } from 'solid-js'
import { boardUrl } from '../browser/board-links.ts'
import { serverUrl } from '../browser/server-url.ts'
import { formatTime } from '../ui/format-time.ts'
import { panelWords } from '../words/panels.ts'
import { nameOf } from './board-name.ts'
import type { Visit } from './visited-boards.ts'

interface BoardCardProps {
  readonly visit: Visit
  /** Whether the page shows this board. */
  readonly isHere?: boolean
}

/** Shows a board that this browser has been on as a link: a picture of it, its name, and when that was. */
export function BoardCard(props: BoardCardProps): JSX.Element {
  const when = (): string => {
    if (props.isHere) return panelWords.hereNow
    const { at } = props.visit
    return at === null ? '' : formatTime(at)
  }
  return (
    <a href={boardUrl(props.visit.id)} aria-current={props.isHere ? 'page' : undefined}>
      <span class="cover">
        <Show when={props.visit.picture}>
          {(source) => (
            <img
              src={serverUrl + source()}
              alt=""
              loading="lazy"
              decoding="async"
              draggable={false}
              // A picture that is gone leaves bare ground.
              onError={({ currentTarget }) => currentTarget.remove()}
            />
          )}
        </Show>
      </span>
      {/* A name keeps its own order, and stands where the page's language begins. */}
      <span class="name">
        <bdi>{nameOf(props.visit)}</bdi>
      </span>
      <span class="mono">{when()}</span>
    </a>
  )
}
