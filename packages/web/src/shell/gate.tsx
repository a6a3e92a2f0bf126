import { isAccessCode, WireError } from '@wirephoto/board'
import type { Problem } from '@wirephoto/client'
import { createEffect, createSignal, type JSX, on, onCleanup, onMount, Show } from 'solid-js'
import { inBackground } from '../browser/in-background.ts'
import { serverUrl } from '../browser/server-url.ts'
import { waitingLink } from '../browser/waiting-link.ts'
import { followLook } from '../look/follow-look.ts'
import { exchange, isPassing, needsPassphrase, redeem, sentenceOf } from '../state/link-exchange.ts'
import { gateWords } from '../words/gate.ts'
import { homeWords } from '../words/home.ts'
import { words } from '../words/page.ts'
import { SignIn } from './sign-in.tsx'
import './gate.css'
import { messageOf } from '../words/language.ts'
import { Home, homeBoards } from './home.tsx'

const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 8_000

interface GateProps {
  readonly board: string
  /** Why the server doesn't show the board; null before it was asked. */
  readonly problem: Problem | null
  /** The sentence about what isn't sent yet, or an empty one. */
  readonly unsent?: string
  /** Called when the board may be had. */
  readonly onOpen: () => void
  /** Called when the link is refused, if the board shall be asked all the same. */
  readonly onRefused?: ((why: Problem) => void) | undefined
  /** A way on without the link. */
  readonly leave?: { readonly label: string; readonly run: () => void }
}

/** Shows why a board doesn't open, and the fields that may open it. */
export function Gate(props: GateProps): JSX.Element {
  followLook()
  const [problem, setProblem] = createSignal(props.problem)
  /** Whether the server is being asked to let us in. */
  const [isOpening, setOpening] = createSignal(false)
  /** Why it is asked again. */
  const [cause, setCause] = createSignal('')
  /** The fault of the last try. */
  const [fault, setFault] = createSignal('')
  const hasBoards = homeBoards().length > 0
  let isGone = false
  let wake = (): void => {}
  let field: HTMLInputElement | undefined

  const asksPassphrase = (): boolean => needsPassphrase(problem() && toWireError(problem()!))
  /** Whether the front board, which doesn't open here, gives way to one's own boards. */
  const isHome = (): boolean =>
    props.board === 'main' && !props.leave && !asksPassphrase() && hasBoards
  const reason = (): string | null => problem() && messageOf(problem()!)
  const isClosed = (): boolean => problem()?.code === 'board-closed'

  /** Tries until the server answers. */
  const letIn = async (enter: () => Promise<string | null>): Promise<void> => {
    setOpening(true)
    setFault('')
    for (let waitMs = FIRST_RETRY_MS; !isGone; waitMs = Math.min(LONGEST_RETRY_MS, waitMs * 2)) {
      try {
        const address = await enter()
        if (address === null) props.onOpen()
        else location.assign(address)
        return
      } catch (error) {
        if (!isPassing(error)) return refuse(error as WireError)
        setCause(sentenceOf(error))
      }
      await new Promise<void>((resolve) => {
        wake = resolve
        setTimeout(resolve, waitMs)
      })
    }
  }
  const refuse = (error: WireError): void => {
    setOpening(false)
    setCause('')
    const why = error.toJSON()
    const isForField = why.code === 'wrong-passphrase' || !isAccessCode(why.code)
    if (isForField && problem()) setFault(messageOf(error))
    else {
      setProblem(why)
      if (!needsPassphrase(error)) props.onRefused?.(why)
    }
    queueMicrotask(() => field?.focus())
  }
  const openByLink = async (passphrase?: string): Promise<string | null> => {
    await exchange(props.board, passphrase)
    return null
  }
  /** Tries again what has asked for a passphrase. */
  let openWith: (passphrase: string) => Promise<string | null> = openByLink
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const text = field?.value ?? ''
    if (text.trim() === '') setFault(gateWords.typeSomething)
    else if (asksPassphrase()) inBackground(letIn(() => openWith(text)))
    else {
      openWith = (passphrase) => redeem(text, props.board, passphrase)
      inBackground(letIn(() => redeem(text, props.board)))
    }
  }

  onMount(() => {
    if (waitingLink(props.board) !== null) inBackground(letIn(openByLink))
    const onOnline = (): void => wake()
    addEventListener('online', onOnline)
    onCleanup(() => removeEventListener('online', onOnline))
  })
  onCleanup(() => {
    isGone = true
    wake()
  })
  // The board was asked again, and refused again.
  createEffect(
    on(
      () => props.problem,
      (why) => {
        if (!why) return
        setOpening(false)
        setProblem(why)
      },
      { defer: true },
    ),
  )
  createEffect(() => {
    document.title = words.product
  })

  const form = (): JSX.Element => (
    <Show when={!isClosed()}>
      <form onSubmit={submit} noValidate>
        <label for="gate-field">
          {asksPassphrase() ? gateWords.passphrase : isHome() ? homeWords.join : gateWords.code}
        </label>
        <div class="row">
          <input
            ref={(input) => {
              field = input
              queueMicrotask(() => isHome() || input.focus())
            }}
            id="gate-field"
            type={asksPassphrase() ? 'password' : 'text'}
            autocomplete={asksPassphrase() ? 'current-password' : 'off'}
            autocapitalize={asksPassphrase() ? 'none' : 'characters'}
            spellcheck={false}
            enterkeyhint="go"
            aria-describedby="gate-fault gate-hint"
            aria-invalid={fault() !== ''}
            onInput={() => setFault('')}
          />
          <button type="submit" class={isHome() ? 'outlined' : 'main'}>
            {gateWords.open}
          </button>
        </div>
        <p id="gate-fault" class="fault" role="alert">
          {fault()}
        </p>
        <Show when={!asksPassphrase()}>
          <p id="gate-hint" class="hint">
            {gateWords.codeHint}
          </p>
        </Show>
      </form>
    </Show>
  )

  return (
    <main class="gate">
      <p class="product" translate="no">
        {words.product}
      </p>
      <Show when={!isOpening()} fallback={<Opening cause={cause()} />}>
        <Show when={isHome()} fallback={<h1>{reason()}</h1>}>
          <h1>{homeWords.title}</h1>
          <Show when={problem()?.code !== 'link-needed'}>
            <p class="hint">{reason()}</p>
          </Show>
          <Home>{form()}</Home>
        </Show>
        <Show when={props.unsent}>{(unsent) => <p class="unsent">{unsent()}</p>}</Show>
        <Show when={!isHome()}>{form()}</Show>
        <SignIn board={props.board} />
      </Show>
      <Show when={props.leave}>
        {(leave) => (
          <button type="button" class="outlined" onClick={() => leave().run()}>
            {leave().label}
          </button>
        )}
      </Show>
      <Show when={!props.leave && !isOpening() && props.board !== 'main'}>
        <a href={`${serverUrl}/`}>{words.toFrontBoard}</a>
      </Show>
    </main>
  )
}

/** Says that the server is asked. A quick answer comes before anybody reads it. */
function Opening(props: { cause: string }): JSX.Element {
  return (
    <p class="opening" classList={{ trouble: props.cause !== '' }} role="status">
      {props.cause ? gateWords.tryingAgain(props.cause) : gateWords.opening}
    </p>
  )
}

const toWireError = ({ code }: Problem): WireError => new WireError(code)
