import { createSignal, type JSX, onMount, Show } from 'solid-js'
import { inBackground } from '../browser/in-background.ts'
import { ownership, signInUrl } from '../state/ownership.ts'
import { gateWords } from '../words/gate.ts'

/** Leads the owner of the server to where they sign in, if people sign in here. */
export function SignIn(props: { readonly board: string }): JSX.Element {
  const [address, setAddress] = createSignal<string | null>(null)
  onMount(() =>
    inBackground(
      ownership().then(
        ({ signIn }) => setAddress(signIn),
        // A code or a link does without.
        () => {},
      ),
    ),
  )
  return (
    <Show when={address()}>
      {(signIn) => (
        <a class="outlined" href={signInUrl(signIn(), props.board)}>
          {gateWords.signIn}
        </a>
      )}
    </Show>
  )
}
