/** One machine, one set of disks: a second tab may take it over, or be another machine that keeps nothing. */

import { Button } from '../parts/Button.tsx'
import { PlainPage } from './PlainPage.tsx'

type ElsewhereProps = { readonly takeOver: () => void; readonly startSecond: () => void }

export function Elsewhere({ takeOver, startSecond }: ElsewhereProps) {
  return (
    <PlainPage
      title="The machine is running in another tab"
      actions={
        <>
          <Button kind="primary" onClick={takeOver}>
            Take it over here
          </Button>
          <Button onClick={startSecond}>Start a second machine</Button>
        </>
      }
    >
      <p>
        Its disks can be open once. Taking over asks the other tab’s guests to shut down, and ends those that
        do not: what they had synced is kept.
      </p>
      <p>
        A second machine runs beside it, with guests of its own and without the disks: nothing of it is kept.
        To stay with the first, close this tab.
      </p>
    </PlainPage>
  )
}

export function TakenOver() {
  return (
    <PlainPage
      title="Another tab has the machine now"
      actions={
        <Button kind="primary" onClick={() => location.reload()}>
          Take it back
        </Button>
      }
    >
      <p>The guests of this tab were ended. What they had synced to their disks is in the other tab.</p>
    </PlainPage>
  )
}
