import { MEDIA_TYPES } from '@wirephoto/board'
import { createEffect, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { preventPageZoom } from '../input/page-zoom.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { LazyPart } from '../ui/lazy-part.tsx'
import { words } from '../words/page.ts'
import { Bar } from './bar.tsx'
import { Connection } from './connection.tsx'
import { DropOverlay } from './drop-overlay.tsx'
import { EmptyBoard } from './empty.tsx'
import { OpenPanel } from './panels.tsx'
import './shell.css'
import { ToastList } from '../ui/toasts.tsx'
import { titleOf } from './board-name.ts'
import { Title } from './title.tsx'

const kept = () => import('./kept-metadata.tsx').then(({ KeptMetadata }) => KeptMetadata)
const people = () => import('./people.tsx').then(({ PeopleHere }) => PeopleHere)
const tray = () => import('./waiting-tray.tsx').then(({ WaitingTray }) => WaitingTray)
const zoom = () => import('./zoom.tsx').then(({ Zoom }) => Zoom)
const late = () => import('./late-parts.tsx').then(({ LateParts }) => LateParts)

/** Shows everything around the pictures. */
export function Shell(): JSX.Element {
  const { boardStore, panels, standingParts } = useApp()
  onCleanup(preventPageZoom())
  createEffect(() => {
    document.title = `${titleOf(boardStore)} · ${words.product}`
  })
  return (
    <>
      <EmptyBoard />
      <div class="top">
        <Title />
        <LazyPart load={people} />
      </div>
      <Bar />
      <LazyPart load={zoom} />
      <div class="corner" ref={standingParts.add}>
        <Show when={panels.now() === null || panels.now() === 'name'}>
          <ToastList />
        </Show>
        <LazyPart load={kept} />
        <LazyPart load={tray} />
        <div class="standing">
          <Connection />
          <TrashButton />
        </div>
      </div>
      <OpenPanel />
      <LazyPart load={late} />
      <DropOverlay />
      <Picker id="choose-files" multiple />
      <Picker id="choose-camera" capture />
    </>
  )
}

function TrashButton(): JSX.Element {
  const { actions } = useApp()
  return (
    <div class="trash-button sheet">
      <ActionButton action={actions.trash} />
    </div>
  )
}

/** Holds the file input behind the buttons. */
function Picker(props: { id: string; multiple?: boolean; capture?: boolean }): JSX.Element {
  const { drop } = useApp()
  return (
    <input
      type="file"
      id={props.id}
      hidden
      multiple={props.multiple}
      accept={`${MEDIA_TYPES.join()},.heic,.heif,.cr2,.cr3,.nef,.arw,.dng,.raf,.orf,.rw2,.pef`}
      capture={props.capture ? 'environment' : undefined}
      onChange={({ currentTarget }) => {
        drop.choose([...(currentTarget.files ?? [])])
        currentTarget.value = ''
      }}
    />
  )
}
