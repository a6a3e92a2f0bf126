import { createSignal, type JSX, onCleanup, Show } from 'solid-js'
import { renderSVG } from 'uqr'
import { useApp } from '../app.ts'
import { inBackground } from '../browser/in-background.ts'
import { Icon } from '../look/icon.tsx'
import { copyText } from '../state/clipboard.ts'
import { words } from '../words/page.ts'
import { shareWords } from '../words/share.ts'

/** How long the button says that it has copied. */
const COPIED_SHOWN_MS = 2_000

interface LinkToPassProps {
  readonly url: string
  /** The sentence about what the link gives. */
  readonly about: string
  /** Further ways to hand it out. */
  readonly children?: JSX.Element
}

/** Shows a link as a large code and as text, with the ways to hand it out. */
export function LinkToPass(props: LinkToPassProps): JSX.Element {
  const { actions, boardStore } = useApp()
  const [isCopied, setCopied] = createSignal(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let field!: HTMLInputElement
  onCleanup(() => clearTimeout(timer))
  const copy = async (): Promise<void> => {
    const hasCopied = await copyText(props.url)
    // The person may still copy what is selected.
    if (!hasCopied) return field.select()
    setCopied(true)
    clearTimeout(timer)
    timer = setTimeout(() => setCopied(false), COPIED_SHOWN_MS)
  }
  const shareBy = (): void => {
    // A person who changes their mind isn't told.
    navigator.share({ title: boardStore.title() || words.product, url: props.url }).catch(() => {})
  }
  return (
    <section class="to-pass">
      <div
        class="code"
        role="img"
        aria-label={shareWords.codeFor(props.url)}
        innerHTML={renderSVG(props.url, { border: 2 })}
      />
      <div class="ways">
        <p class="about" role="status">
          {props.about}
        </p>
        <input
          ref={field}
          class="link"
          readOnly
          aria-label={shareWords.link}
          value={props.url}
          onFocus={() => field.select()}
        />
        <button type="button" class="main" onClick={() => inBackground(copy())}>
          <Icon name="link" />
          <span role="status">{isCopied() ? shareWords.copied : words.copyLink}</span>
        </button>
        <div class="more">
          <Show when={'share' in navigator}>
            <button type="button" class="outlined" onClick={shareBy}>
              <Icon name="share" />
              {shareWords.shareBy}
            </button>
          </Show>
          <button type="button" class="outlined" onClick={() => actions.openWall.run()}>
            <Icon name="wall" />
            {words.openWall}
          </button>
          {props.children}
        </div>
      </div>
    </section>
  )
}
