import type { Role } from '@wirephoto/board'
import { createSignal, For, type JSX, Match, onMount, Show, Switch } from 'solid-js'
import { useApp } from '../app.ts'
import { boardUrl } from '../browser/board-links.ts'
import { inBackground } from '../browser/in-background.ts'
import { serverUrl } from '../browser/server-url.ts'
import { sentenceOf } from '../state/link-exchange.ts'
import { isThisComputer, urlForOthers } from '../state/shared-address.ts'
import { type BoardLink, Sharing } from '../state/sharing.ts'
import { Dialog } from '../ui/dialog.tsx'
import { ownerWords } from '../words/owners.ts'
import { words } from '../words/page.ts'
import { shareWords } from '../words/share.ts'
import { Owners } from './owners.tsx'
import { Door } from './share-door.tsx'
import { LinkToPass } from './share-link.tsx'
import { LinkList } from './share-links.tsx'
import { Scripts } from './share-scripts.tsx'
import { WallToShare } from './share-wall.tsx'
import { TableCard } from './table-card.tsx'
import './share.css'

/** The roles that the sheet hands out, that of a guest first. */
const OFFERED: readonly Exclude<Role, 'own'>[] = ['view', 'add', 'edit']

/** Shows how others come to this board: its link large, and for an owner all of its links. */
export function Share(): JSX.Element {
  const { boardStore } = useApp()
  const sharing = new Sharing(boardStore.board.id)
  /** Where others reach the server; null if nobody else does, undefined before that is known. */
  const [base, setBase] = createSignal<string | null>()
  inBackground(urlForOthers().then(setBase))
  const load = (): void => inBackground(sharing.load())
  onMount(load)
  const isHere = (): boolean => isThisComputer && base() === null
  const shared = (): string => base() ?? serverUrl

  return (
    <Dialog class="share" label={words.share} title={words.share}>
      <div class="body" tabindex={-1}>
        <Show
          when={sharing.isOpen() !== null && base() !== undefined}
          fallback={<Asking fault={sharing.fault()} onAgain={load} />}
        >
          <Show when={isHere()}>
            <p class="here">{shareWords.onlyHere}</p>
          </Show>
          <Switch>
            <Match when={sharing.isOpen()}>
              <OpenBoard sharing={sharing} base={shared()} />
            </Match>
            <Match when={sharing.links()}>
              {(links) => <Owned sharing={sharing} links={links()} base={shared()} />}
            </Match>
            <Match when={true}>
              <Guest sharing={sharing} base={shared()} />
            </Match>
          </Switch>
        </Show>
      </div>
    </Dialog>
  )
}

function Asking(props: { fault: string; onAgain: () => void }): JSX.Element {
  return (
    <div class="nothing" role="status">
      <Show when={props.fault} fallback={<p class="hint">{shareWords.loading}</p>}>
        <p class="hint">{props.fault}</p>
        <button type="button" class="outlined" onClick={() => props.onAgain()}>
          {shareWords.again}
        </button>
      </Show>
    </div>
  )
}

interface SheetProps {
  readonly sharing: Sharing
  /** Where others reach the server. */
  readonly base: string
}

/** Shows the address of a board that opens by it. */
function OpenBoard(props: SheetProps): JSX.Element {
  const { boardStore, toasts } = useApp()
  const address = (): string => boardUrl(props.sharing.board, props.base)
  const close = (): void => {
    props.sharing.closeBoard().catch((error: unknown) => toasts.warn(sentenceOf(error)))
  }
  return (
    <>
      <LinkToPass url={address()} about={shareWords.openBoard} />
      <WallToShare board={props.sharing.board} base={props.base} secret={null} isOpen />
      <Scripts address={address()} secret={null} />
      <Show when={boardStore.may('board.govern') && props.sharing.board !== 'main'}>
        <section>
          <p class="hint">{shareWords.closeBoardHint}</p>
          <button type="button" class="outlined" onClick={close}>
            {shareWords.closeBoard}
          </button>
        </section>
      </Show>
    </>
  )
}

/** Shows the link by which a guest came, if this browser has it. */
function Guest(props: SheetProps): JSX.Element {
  return (
    <Show
      when={props.sharing.cameBy(props.base)}
      fallback={<p class="nothing">{shareWords.askForLink}</p>}
    >
      {(url) => (
        <>
          <LinkToPass url={url()} about={shareWords.yourLink} />
          <WallToShare
            board={props.sharing.board}
            base={props.base}
            secret={url().split('#')[1] ?? null}
            isOpen={false}
          />
        </>
      )}
    </Show>
  )
}

/** Shows an owner the links of the board, one of them large. */
function Owned(props: SheetProps & { links: readonly BoardLink[] }): JSX.Element {
  const { toasts } = useApp()
  const [role, setRole] = createSignal<Exclude<Role, 'own'>>('add')
  const [isBusy, setBusy] = createSignal(false)
  /** The link to hand out: of several, one that this browser has. */
  const chosen = (): BoardLink | undefined => {
    const all = props.links.filter((link) => link.role === role() && !isCard(link))
    return all.find((link) => props.sharing.secretOf(link)) ?? all[0]
  }
  const url = (): string | null => {
    const link = chosen()
    return link ? props.sharing.urlOf(link, props.base) : null
  }
  const secretForLooking = (): string | null => {
    const looking = props.links.filter((link) => link.role === 'view' && !isCard(link))
    return looking.map((link) => props.sharing.secretOf(link)).find(Boolean) ?? null
  }
  const run = (task: Promise<unknown>): void => {
    setBusy(true)
    inBackground(
      task.catch((error: unknown) => toasts.warn(sentenceOf(error))).finally(() => setBusy(false)),
    )
  }
  const obtain = (): void => {
    const link = chosen()
    run(link ? props.sharing.renew(link.id) : props.sharing.make(role()))
  }

  return (
    <>
      <fieldset class="they-can">
        <legend>{shareWords.theyCan}</legend>
        <div class="choices">
          <For each={OFFERED}>
            {(each) => (
              <label>
                <input
                  type="radio"
                  name="role"
                  checked={role() === each}
                  onChange={() => setRole(each)}
                />
                <span>{shareWords.roles[each]}</span>
              </label>
            )}
          </For>
        </div>
      </fieldset>
      <Show
        when={url()}
        fallback={
          <div class="no-secret">
            <p>{chosen() ? shareWords.noSecret : shareWords.noLink}</p>
            <button type="button" class="main" disabled={isBusy()} onClick={obtain}>
              {chosen() ? shareWords.renew : shareWords.makeIt}
            </button>
          </div>
        }
      >
        {(address) => (
          <LinkToPass url={address()} about={shareWords.rights[role()]}>
            <TableCard sharing={props.sharing} links={props.links} base={props.base} />
          </LinkToPass>
        )}
      </Show>
      <WallToShare
        board={props.sharing.board}
        base={props.base}
        secret={secretForLooking()}
        isOpen={false}
      />
      <LinkList sharing={props.sharing} links={props.links} base={props.base} />
      <Door sharing={props.sharing} links={props.links} />
      <Owners path={`/api/boards/${props.sharing.board}/owners`} title={ownerWords.ofBoard} />
      <Scripts
        address={boardUrl(props.sharing.board, props.base)}
        secret={chosen() ? props.sharing.secretOf(chosen()!) : null}
      />
    </>
  )
}

const isCard = ({ label }: BoardLink): boolean => label === shareWords.cardLabel
