import { createSignal, For, type JSX, onMount, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { inBackground } from '../browser/in-background.ts'
import { sentenceOf } from '../state/link-exchange.ts'
import type { AccessPatch, AccessRule, BoardLink, Sharing } from '../state/sharing.ts'
import { locale } from '../words/locale.ts'
import { shareWords } from '../words/share.ts'

interface DoorProps {
  readonly sharing: Sharing
  readonly links: readonly BoardLink[]
}

/** Sets a board's passphrase, the day on which it closes, and the link by which its walls invite. */
export function Door(props: DoorProps): JSX.Element {
  const { toasts } = useApp()
  const [rule, setRule] = createSignal<AccessRule | null>(null)
  const change = (patch: AccessPatch, done: string): void =>
    inBackground(
      props.sharing.changeRule(patch).then(
        (changed) => {
          setRule(changed)
          toasts.say(done)
        },
        (error: unknown) => toasts.warn(sentenceOf(error)),
      ),
    )
  onMount(() =>
    inBackground(
      props.sharing.rule().then(setRule, (error: unknown) => toasts.warn(sentenceOf(error))),
    ),
  )
  const setPassphrase = (event: SubmitEvent & { currentTarget: HTMLFormElement }): void => {
    event.preventDefault()
    const form = event.currentTarget
    const passphrase = new FormData(form).get('passphrase') as string
    if (passphrase === '') return
    form.reset()
    change({ passphrase }, shareWords.passphraseSet)
  }
  const setDay = (day: string): void => {
    if (day === '') return change({ closesAt: null }, shareWords.closesNever)
    const end = new Date(`${day}T23:59:59.999`)
    change({ closesAt: end.getTime() }, shareWords.closesSet(end.toLocaleDateString(locale)))
  }
  const setWallLink = (id: string): void => {
    const link = props.links.find((each) => each.id === id)
    if (!link) return change({ wallLink: null }, shareWords.wallLinkUnset)
    change({ wallLink: id }, shareWords.wallLinkSet(nameOf(link)))
  }
  return (
    <details class="door">
      <summary>{shareWords.door}</summary>
      <Show when={rule()}>
        {(now) => (
          <>
            <form class="new-link" onSubmit={setPassphrase}>
              <label>
                <span>{shareWords.passphrase}</span>
                <input
                  name="passphrase"
                  type="password"
                  autocomplete="new-password"
                  maxLength={200}
                  aria-describedby="passphrase-hint"
                />
              </label>
              <button type="submit" class="outlined">
                {shareWords.setPassphrase}
              </button>
              <Show when={now().hasPassphrase}>
                <button
                  type="button"
                  class="outlined"
                  onClick={() => change({ passphrase: null }, shareWords.passphraseRemoved)}
                >
                  {shareWords.removePassphrase}
                </button>
              </Show>
            </form>
            <p id="passphrase-hint" class="hint">
              {now().hasPassphrase ? shareWords.hasPassphrase : shareWords.passphraseHint}
            </p>
            <div class="new-link">
              <label>
                <span>{shareWords.closesAt}</span>
                <input
                  type="date"
                  value={dayOf(now().closesAt)}
                  aria-describedby="closes-hint"
                  onChange={({ currentTarget }) => setDay(currentTarget.value)}
                />
              </label>
              <label>
                <span>{shareWords.wallLink}</span>
                <select
                  aria-describedby="wall-hint"
                  onChange={({ currentTarget }) => setWallLink(currentTarget.value)}
                >
                  <option value="">{shareWords.wallLinkNone}</option>
                  <For each={props.links.filter(({ role }) => role !== 'own')}>
                    {(link) => (
                      <option value={link.id} selected={link.id === now().wallLink}>
                        {nameOf(link)}
                      </option>
                    )}
                  </For>
                </select>
              </label>
            </div>
            <p class="hint">
              <span id="closes-hint">{shareWords.closesAtHint}</span>{' '}
              <span id="wall-hint">{shareWords.wallLinkHint}</span>
            </p>
          </>
        )}
      </Show>
    </details>
  )
}

const nameOf = ({ role, label }: BoardLink): string => label || shareWords.names[role]

/** Returns the day of a time as a date field takes it; empty for none. */
function dayOf(at: number | null): string {
  if (at === null) return ''
  const date = new Date(at)
  const twoDigits = (n: number): string => String(n).padStart(2, '0')
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`
}
