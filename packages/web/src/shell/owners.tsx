import { createSignal, For, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { inBackground } from '../browser/in-background.ts'
import { request } from '../browser/server-requests.ts'
import { sentenceOf } from '../state/link-exchange.ts'
import type { OwningBrowser } from '../state/ownership.ts'
import { formatTime } from '../ui/format-time.ts'
import { ownerWords } from '../words/owners.ts'
import './owners.css'

interface OwnersProps {
  /** Where they are listed: of the server, or of a board. */
  readonly path: '/api/owners' | `/api/boards/${string}/owners`
  readonly title: string
}

/** Lists the browsers that own the server or a board, and ends what one of them may. */
export function Owners(props: OwnersProps): JSX.Element {
  const { toasts } = useApp()
  const [owners, setOwners] = createSignal<readonly OwningBrowser[] | null>(null)
  const [fault, setFault] = createSignal('')
  let summary!: HTMLElement
  const load = async (): Promise<void> => {
    setFault('')
    try {
      setOwners((await request<{ owners: OwningBrowser[] }>('GET', props.path)).owners)
    } catch (error) {
      setFault(sentenceOf(error))
    }
  }
  const end = async (owner: OwningBrowser): Promise<void> => {
    try {
      await request('DELETE', `${props.path}/${owner.id}`)
      toasts.say(owner.link ? ownerWords.endedByLink : ownerWords.ended)
    } catch (error) {
      toasts.warn(sentenceOf(error))
    }
    await load()
    summary.focus()
  }
  return (
    <details
      class="owners"
      onToggle={({ currentTarget }) => currentTarget.open && inBackground(load())}
    >
      <summary ref={summary}>{props.title}</summary>
      <p class="hint" role="status">
        {fault() || (owners() ? ownerWords.hint : ownerWords.loading)}
      </p>
      <ul aria-label={props.title}>
        <For each={owners()}>
          {(owner) => (
            <li>
              <div class="which">
                <span class="name" dir="auto">
                  {nameOf(owner)}
                </span>
                <span class="mono" dir="auto">
                  {describe(owner)}
                </span>
              </div>
              <Show when={!owner.isThis}>
                <button
                  type="button"
                  class="quiet"
                  aria-label={ownerWords.endNamed(nameOf(owner))}
                  onClick={() => inBackground(end(owner))}
                >
                  {ownerWords.end}
                </button>
              </Show>
            </li>
          )}
        </For>
      </ul>
    </details>
  )
}

const nameOf = ({ device }: OwningBrowser): string =>
  ownerWords.device(device?.browser ?? '', device?.system ?? '')

/** Returns one line: whether it is this browser, who signed in or by which link it came, and since when. */
const describe = ({ isThis, name, link, since }: OwningBrowser): string =>
  [isThis ? ownerWords.thisOne : '', name ?? '', link?.label ?? '', formatTime(since)]
    .filter(Boolean)
    .join(' · ')
