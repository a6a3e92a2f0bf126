import { ROLES, type Role } from '@wirephoto/board'
import { createSignal, For, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { inBackground } from '../browser/in-background.ts'
import { copyText } from '../state/clipboard.ts'
import { sentenceOf } from '../state/link-exchange.ts'
import type { BoardLink, Sharing } from '../state/sharing.ts'
import { Ask } from '../ui/ask.tsx'
import { formatTime } from '../ui/format-time.ts'
import { formatSize } from '../words/format-size.ts'
import { overlayWords } from '../words/overlay.ts'
import { shareWords } from '../words/share.ts'

interface LinkListProps {
  readonly sharing: Sharing
  readonly links: readonly BoardLink[]
  readonly base: string
}

/** Lists a board's links, to be copied where they were made, renewed and revoked. */
export function LinkList(props: LinkListProps): JSX.Element {
  const { toasts } = useApp()
  /** The id of the link that is about to be revoked, if that is confirmed. */
  const [doomed, setDoomed] = createSignal<string | null>(null)
  const tell = async (task: () => Promise<unknown>, done: string): Promise<void> => {
    try {
      await task()
      toasts.say(done)
    } catch (error) {
      toasts.warn(sentenceOf(error))
    }
  }
  const renew = (link: BoardLink): Promise<void> =>
    tell(() => props.sharing.renew(link.id), shareWords.renewed)
  const revoke = (link: BoardLink): Promise<void> => {
    setDoomed(null)
    return tell(() => props.sharing.revoke(link.id), shareWords.revoked(nameOf(link)))
  }
  const copy = async (url: string): Promise<void> => {
    toasts.say((await copyText(url)) ? overlayWords.linkCopied : overlayWords.copyByHand(url))
  }
  return (
    <details class="links">
      <summary>{shareWords.links}</summary>
      <p class="hint">{shareWords.renewHint}</p>
      <ul>
        <For each={props.links}>
          {(link) => (
            <li>
              <div class="which">
                <span class="name" dir="auto">
                  {nameOf(link)}
                </span>
                <span class="mono">{describe(link)}</span>
              </div>
              <Show
                when={doomed() === link.id}
                fallback={
                  <div class="acts">
                    <Show when={props.sharing.urlOf(link, props.base)}>
                      {(url) => (
                        <button
                          type="button"
                          class="quiet"
                          aria-label={shareWords.copy(nameOf(link))}
                          onClick={() => inBackground(copy(url()))}
                        >
                          {shareWords.copyShort}
                        </button>
                      )}
                    </Show>
                    <button
                      type="button"
                      class="quiet"
                      aria-label={shareWords.renewNamed(nameOf(link))}
                      onClick={() => inBackground(renew(link))}
                    >
                      {shareWords.renew}
                    </button>
                    <button
                      type="button"
                      class="quiet"
                      aria-label={shareWords.revokeNamed(nameOf(link))}
                      onClick={() => setDoomed(link.id)}
                    >
                      {shareWords.revoke}
                    </button>
                  </div>
                }
              >
                <Ask
                  question={shareWords.askRevoke(nameOf(link), link.uses ?? 0)}
                  keep={shareWords.keep}
                  act={shareWords.revoke}
                  onKeep={() => setDoomed(null)}
                  onAct={() => inBackground(revoke(link))}
                />
              </Show>
            </li>
          )}
        </For>
      </ul>
      <NewLink
        onMake={(role, label) => tell(() => props.sharing.make(role, label), overlayWords.linkMade)}
      />
    </details>
  )
}

/** Makes another link, such as one for a helper. */
function NewLink(props: { onMake: (role: Role, label: string) => Promise<void> }): JSX.Element {
  const submit = (event: SubmitEvent & { currentTarget: HTMLFormElement }): void => {
    event.preventDefault()
    const form = event.currentTarget
    const data = new FormData(form)
    const label = (data.get('label') as string).trim()
    form.reset()
    inBackground(props.onMake(data.get('role') as Role, label))
  }
  return (
    <form class="new-link" aria-label={shareWords.newLink} onSubmit={submit}>
      <label>
        <span>{shareWords.newLinkFor}</span>
        <input name="label" maxLength={80} dir="auto" autocomplete="off" />
      </label>
      <label>
        <span>{shareWords.newLinkRole}</span>
        <select name="role">
          <For each={ROLES}>
            {(role) => (
              <option value={role} selected={role === 'add'}>
                {shareWords.names[role]}
              </option>
            )}
          </For>
        </select>
      </label>
      <button type="submit" class="outlined">
        {shareWords.make}
      </button>
    </form>
  )
}

const nameOf = ({ role, label }: BoardLink): string => label || shareWords.names[role]

/** Returns one line: what the link gives if its name doesn't say so, since when, who came by it, and with how much. */
const describe = ({ role, label, madeAt, uses, used }: BoardLink): string =>
  [
    label ? shareWords.names[role] : '',
    formatTime(madeAt),
    uses === undefined ? '' : shareWords.uses(uses),
    used?.pictures ? shareWords.used(used.pictures, formatSize(used.bytes)) : '',
  ]
    .filter(Boolean)
    .join(' · ')
