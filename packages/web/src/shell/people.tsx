import { createMemo, For, type JSX, Show } from 'solid-js'
import { keyOf } from '../actions/action.ts'
import { countBy, deleteAllBy } from '../actions/host.ts'
import { useApp } from '../app.ts'
import { isComposed } from '../input/keys.ts'
import { Icon } from '../look/icon.tsx'
import '../look/late-icons.ts'
import { isNameAskedInList } from '../state/name-question.ts'
import { NameForm } from '../ui/name-form.tsx'
import { colourToken, initialOf } from '../ui/person-colour.ts'
import { hostWords } from '../words/host.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'
import './people.css'

const ui = { ...overlayWords, guest: words.guest }

/** How many other visitors are shown before the rest becomes a number. */
const SHOWN_AVATAR_COUNT = 4

interface Visitor {
  readonly visitor: string
  readonly name: string
}

/**
 * Shows the visitors as initials in their colours, and Share beside them. A click lists their names and asks for one's
 * own.
 */
export function PeopleHere(): JSX.Element {
  const { actions, boardStore, people, standingParts } = useApp()
  let button!: HTMLButtonElement
  const others = createMemo<readonly Visitor[]>(() => {
    const visitors = new Map<string, Visitor>()
    for (const { visitor, name } of people.others().values())
      if (visitor !== boardStore.board.visitor && !(visitors.get(visitor)?.name && !name))
        visitors.set(visitor, { visitor, name })
    return [...visitors.values()]
  })
  const shown = (): readonly Visitor[] => others().slice(0, SHOWN_AVATAR_COUNT)
  const further = (): number => Math.max(0, people.visitorCount() - 1 - shown().length)
  const close = (): void => {
    people.toggle(false)
    button.focus({ preventScroll: true })
  }

  return (
    <section ref={standingParts.add} class="people" aria-label={ui.here(people.visitorCount())}>
      <div class="row">
        {/* Over a slow connection nobody tells who is here. */}
        <Show when={!boardStore.status().slow}>
          <button
            ref={button}
            type="button"
            class="avatars sheet quiet"
            aria-expanded={people.isOpen()}
            onClick={() => people.toggle()}
          >
            <span class="visually-hidden">{ui.here(people.visitorCount())}</span>
            <For each={shown()}>{(each) => <Avatar {...each} />}</For>
            <Show when={further() > 0}>
              <span class="further" aria-hidden="true">
                {ui.further(further())}
              </span>
            </Show>
            <span class="count" aria-hidden="true">
              {people.visitorCount()}
            </span>
            <Avatar
              visitor={boardStore.status().loaded ? (boardStore.board.visitor ?? '') : ''}
              name={people.name() ?? ''}
              own
            />
          </button>
        </Show>
        <button
          type="button"
          class="share-button sheet quiet tipped"
          data-tip={`${actions.share.label}  ${keyOf(actions.share)}`}
          onClick={() => actions.share.run()}
        >
          <Icon name="share" />
          <span>{actions.share.label}</span>
        </button>
      </div>
      <Show
        when={people.isOpen()}
        fallback={
          <Show when={people.isAsked() && !isNameAskedInList()}>
            <NameForm onDone={() => {}} />
          </Show>
        }
      >
        <div
          class="people-list sheet"
          role="dialog"
          aria-label={ui.here(people.visitorCount())}
          onKeyDown={(event) => {
            if (event.key !== 'Escape' || isComposed(event)) return
            event.stopPropagation()
            close()
          }}
        >
          <Show when={others().length > 0} fallback={<p>{ui.alone}</p>}>
            <ul>
              <For each={others()}>
                {(each) => (
                  <li>
                    <Avatar {...each} />
                    <span dir="auto" translate={each.name ? 'no' : 'yes'}>
                      {each.name || ui.guest}
                    </span>
                    <DeleteAll guest={each} />
                  </li>
                )}
              </For>
            </ul>
          </Show>
          <NameForm focused onDone={close} />
        </div>
      </Show>
    </section>
  )
}

/** Lets an owner delete everything that a guest has on the board. */
function DeleteAll(props: { guest: Visitor }): JSX.Element {
  const app = useApp()
  const count = createMemo(() =>
    app.boardStore.may('board.govern') ? countBy(app, props.guest.visitor) : 0,
  )
  const label = (): string => hostWords.deleteAllBy(props.guest.name, count())
  return (
    <Show when={count() > 0}>
      <button
        type="button"
        class="quiet delete-all"
        aria-label={label()}
        title={label()}
        onClick={() => deleteAllBy(app, props.guest.visitor)}
      >
        <Icon name="trash" />
        <span class="mono">{count()}</span>
      </button>
    </Show>
  )
}

function Avatar(props: Visitor & { own?: boolean }): JSX.Element {
  const { boardStore } = useApp()
  return (
    <span
      class="avatar"
      translate="no"
      classList={{ own: props.own }}
      aria-hidden="true"
      style={{ background: colourToken(boardStore.colourOf(props.visitor)) }}
    >
      {initialOf(props.name || ui.guest)}
    </span>
  )
}
