import './name-form.css'
import { limits } from '@wirephoto/board'
import { type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { isComposed } from '../input/keys.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'

/** Asks for one's own name: unasked after the first picture, until it is given or skipped. */
export function NameForm(props: { focused?: boolean; onDone: () => void }): JSX.Element {
  const { people } = useApp()
  const isFirst = people.name() === null
  const call = (name: string): void => {
    people.setName(name)
    props.onDone()
  }
  return (
    <form
      class="name-form"
      classList={{ sheet: !props.focused }}
      aria-label={overlayWords.askName}
      onSubmit={(event) => {
        event.preventDefault()
        call(new FormData(event.currentTarget).get('name') as string)
      }}
      onKeyDown={(event) => {
        if (isComposed(event)) {
          // Otherwise the Enter that ends a composition would send the form.
          if (event.key === 'Enter') event.preventDefault()
        } else if (event.key === 'Escape' && isFirst && !props.focused) call('')
      }}
    >
      <label for="own-name">{overlayWords.askName}</label>
      <input
        ref={(input) => props.focused && queueMicrotask(() => input.focus())}
        id="own-name"
        name="name"
        autocomplete="given-name"
        enterkeyhint="done"
        maxLength={limits.personNameLength}
        dir="auto"
        value={people.name() ?? ''}
        placeholder={words.guest}
      />
      <div class="row">
        <button type="submit" class="outlined">
          {overlayWords.keepName}
        </button>
        <Show when={isFirst}>
          <button type="button" class="quiet" onClick={() => call('')}>
            {overlayWords.skip}
          </button>
        </Show>
      </div>
    </form>
  )
}
