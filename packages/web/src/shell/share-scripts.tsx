import { For, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { inBackground } from '../browser/in-background.ts'
import { copyText } from '../state/clipboard.ts'
import { overlayWords } from '../words/overlay.ts'
import { shareWords } from '../words/share.ts'

/** Shows the lines by which a program adds a picture to this board. */
export function Scripts(props: { address: string; secret: string | null }): JSX.Element {
  const { boardStore, toasts } = useApp()
  const url = (): string => {
    const { id } = boardStore.board
    const server = props.address.replace(/\/(?:b\/[\w-]+)?$/, '')
    return `${server}/api/boards/${id}/images`
  }
  const samples = () => [
    { name: shareWords.curl, code: curl(url(), props.secret) },
    { name: shareWords.python, code: python(url(), props.secret) },
  ]
  const copy = async (code: string): Promise<void> => {
    toasts.say((await copyText(code)) ? overlayWords.linesCopied : overlayWords.copyByHand(code))
  }
  return (
    <details class="scripts">
      <summary>{shareWords.scripts}</summary>
      <Show when={props.secret}>
        <p class="hint">{shareWords.scriptsHint}</p>
      </Show>
      <For each={samples()}>
        {({ name, code }) => (
          <div class="sample">
            <div class="sample-head">
              <h3>{name}</h3>
              <button
                type="button"
                class="quiet"
                aria-label={shareWords.copyCode(name)}
                onClick={() => inBackground(copy(code))}
              >
                {shareWords.copyShort}
              </button>
            </div>
            {/* A part that scrolls must be reachable by keyboard. */}
            <pre tabindex={0} role="group" aria-label={name} translate="no">
              {code}
            </pre>
          </div>
        )}
      </For>
    </details>
  )
}

const curl = (url: string, secret: string | null): string =>
  [
    'curl -F file=@picture.jpg',
    ...(secret ? [`-H "Authorization: Bearer ${secret}"`] : []),
    url,
  ].join(' \\\n  ')

const python = (url: string, secret: string | null): string =>
  [
    'import requests  # pip install requests',
    '',
    `with open("picture.jpg", "rb") as picture:`,
    '    answer = requests.post(',
    `        "${url}",`,
    ...(secret ? [`        headers={"Authorization": "Bearer ${secret}"},`] : []),
    '        files={"file": picture},',
    '    )',
    'answer.raise_for_status()',
  ].join('\n')
