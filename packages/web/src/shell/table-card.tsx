import { type JSX, onCleanup } from 'solid-js'
import { render } from 'solid-js/web'
import { renderSVG } from 'uqr'
import { useApp } from '../app.ts'
import { inBackground } from '../browser/in-background.ts'
import { Icon } from '../look/icon.tsx'
import { sentenceOf } from '../state/link-exchange.ts'
import type { BoardLink, Sharing } from '../state/sharing.ts'
import { words } from '../words/page.ts'
import { shareWords } from '../words/share.ts'
import './table-card.css'

interface TableCardProps {
  readonly sharing: Sharing
  readonly links: readonly BoardLink[]
  readonly base: string
}

/** Prints a card of A6 for the tables, with a link of its own, so that it can be ended alone. */
export function TableCard(props: TableCardProps): JSX.Element {
  const { boardStore, toasts } = useApp()
  const known = (): BoardLink | undefined =>
    props.links.find(
      (link) => link.label === shareWords.cardLabel && props.sharing.secretOf(link) !== null,
    )
  const print = async (): Promise<void> => {
    try {
      if (!known()) await props.sharing.make('add', shareWords.cardLabel)
      const link = known()
      if (!link) return
      const url = props.sharing.urlOf(link, props.base)!
      remove()
      remove = putCard(url, boardStore.title() || words.product)
      window.print()
    } catch (error) {
      toasts.warn(sentenceOf(error))
    }
  }
  let remove = (): void => {}
  const after = (): void => remove()
  addEventListener('afterprint', after)
  onCleanup(() => {
    removeEventListener('afterprint', after)
    remove()
  })

  return (
    <button type="button" class="outlined" onClick={() => inBackground(print())}>
      <Icon name="printer" />
      {shareWords.printCard}
    </button>
  )
}

/** Puts the card beside the page, where only paper shows it. Returns how to remove it. */
function putCard(url: string, title: string): () => void {
  const root = document.body.appendChild(document.createElement('div'))
  root.className = 'table-card'
  const dispose = render(
    () => (
      <>
        <p class="title" dir="auto">
          {title}
        </p>
        <h1>{shareWords.cardTitle}</h1>
        <div
          class="code"
          role="img"
          aria-label={shareWords.codeFor(url)}
          innerHTML={renderSVG(url, { border: 0 })}
        />
        <p>{shareWords.cardHint}</p>
      </>
    ),
    root,
  )
  return () => {
    dispose()
    root.remove()
  }
}
