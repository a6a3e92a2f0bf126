import { ROLES, type Role, siteOriginOf } from '@wirephoto/board'
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
        onMake={(role, label, origin) =>
          tell(() => props.sharing.make(role, label, origin), overlayWords.linkMade)
        }
      />
    </details>
  )
}

interface NewLinkProps {
  readonly onMake: (role: Role, label: string, origin: string | undefined) => Promise<void>
}

/** Makes another link, such as one for a helper, or one for the pages of another site. */
function NewLink(props: NewLinkProps): JSX.Element {
  const [role, setRole] = createSignal<Role>('add')
  const [fault, setFault] = createSignal('')
  const isForSite = (): boolean => role() === 'view' || role() === 'add'
  const submit = (event: SubmitEvent & { currentTarget: HTMLFormElement }): void => {
    event.preventDefault()
    const form = event.currentTarget
    const data = new FormData(form)
    const label = (data.get('label') as string).trim()
    const site = ((data.get('site') as string | null) ?? '').trim()
    const url = URL.canParse(site) ? new URL(site) : null
    const origin = site === '' ? undefined : url && siteOriginOf(url)
    if (origin === null) {
      setFault(shareWords.noSite)
      form.querySelector<HTMLInputElement>('[name=site]')!.focus()
      return
    }
    const made = role()
    form.reset()
    setRole('add')
    setFault('')
    inBackground(props.onMake(made, label, origin))
  }
  return (
    <form class="new-link" aria-label={shareWords.newLink} onSubmit={submit}>
      <label>
        <span>{shareWords.newLinkFor}</span>
        <input name="label" maxLength={80} dir="auto" autocomplete="off" />
      </label>
      <label>
        <span>{shareWords.newLinkRole}</span>
        <select
          name="role"
          onChange={({ currentTarget }) => {
            setRole(currentTarget.value as Role)
            setFault('')
          }}
        >
          <For each={ROLES}>
            {(each) => (
              <option value={each} selected={each === 'add'}>
                {shareWords.names[each]}
              </option>
            )}
          </For>
        </select>
      </label>
      <Show when={isForSite()}>
        <div class="site">
          <label>
            <span>{shareWords.newLinkSite}</span>
            <input
              name="site"
              type="text"
              inputMode="url"
              dir="ltr"
              maxLength={300}
              autocomplete="off"
              autocapitalize="none"
              spellcheck={false}
              aria-describedby="site-fault site-hint"
              aria-invalid={fault() !== ''}
              onInput={() => setFault('')}
            />
          </label>
          <p id="site-fault" class="fault" role="alert">
            {fault()}
          </p>
          <p id="site-hint" class="hint">
            {shareWords.newLinkSiteHint}
          </p>
        </div>
      </Show>
      <button type="submit" class="outlined">
        {shareWords.make}
      </button>
    </form>
  )
}

const nameOf = ({ role, label }: BoardLink): string => label || shareWords.names[role]

/** Returns one line: what the link gives if its name doesn't say so, since when, who came by it, and with how much. */
const describe = ({ role, label, origin, madeAt, uses, used }: BoardLink): string =>
  [
    label ? shareWords.names[role] : '',
    origin ? shareWords.onlyAt(origin) : '',
    formatTime(madeAt),
    uses === undefined ? '' : shareWords.uses(uses),
    used?.pictures ? shareWords.used(used.pictures, formatSize(used.bytes)) : '',
  ]
    .filter(Boolean)
    .join(' · ')
