import { render } from 'solid-js/web'
import { gateWords } from '../words/gate.ts'
import { Gate } from './gate.tsx'

/**
 * Exchanges the link that this tab was opened with, over whatever the page shows. Resolves with whether the board has
 * to be asked again. A page that `hasBoard` goes back to it; another one asks for it after a refusal too.
 */
export function enter(board: string, hasBoard: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const root = document.body.appendChild(document.createElement('div'))
    const close = render(() => {
      const end = (isOpen: boolean): void => {
        close()
        root.remove()
        resolve(isOpen)
      }
      return (
        <Gate
          board={board}
          problem={null}
          onOpen={() => end(true)}
          onRefused={hasBoard ? undefined : () => end(false)}
          leave={{
            label: hasBoard ? gateWords.backToBoard : gateWords.withoutLink,
            run: () => end(false),
          }}
        />
      )
    }, root)
  })
}
