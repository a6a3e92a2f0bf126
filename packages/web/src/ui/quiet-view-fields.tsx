import { For, type JSX } from 'solid-js'
import { PACES_S, type QuietView, SLIDE_ORDERS } from '../state/quiet-view.ts'
import { wallWords } from '../words/wall.ts'

interface QuietViewFieldsProps {
  readonly view: QuietView
  readonly onChange: (view: QuietView) => void
}

/** Chooses what a wall shows while nothing new comes: the mosaic, or a slideshow with its order and pace. */
export function QuietViewFields(props: QuietViewFieldsProps): JSX.Element {
  const change = (part: Partial<QuietView>): void => props.onChange({ ...props.view, ...part })
  return (
    <>
      <fieldset class="quiet-view">
        <legend>{wallWords.quietView}</legend>
        <For each={[null, ...SLIDE_ORDERS]}>
          {(order) => (
            <label>
              <input
                type="radio"
                name="view"
                checked={props.view.slides === order}
                onChange={() => change({ slides: order })}
              />
              {order === null ? wallWords.mosaic : wallWords.orders[order]}
            </label>
          )}
        </For>
      </fieldset>
      <label class="pace">
        {wallWords.pace}
        <select
          disabled={props.view.slides === null}
          onChange={({ currentTarget }) => change({ paceS: Number(currentTarget.value) })}
        >
          <For each={PACES_S}>
            {(pace) => (
              <option value={pace} selected={props.view.paceS === pace}>
                {wallWords.seconds(pace)}
              </option>
            )}
          </For>
        </select>
      </label>
    </>
  )
}
