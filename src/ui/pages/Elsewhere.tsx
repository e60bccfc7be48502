/** One machine, one set of disks: a second tab may take it over, never share it. */

import { Button } from '../parts/Button.tsx'
import { PlainPage } from './PlainPage.tsx'

export function Elsewhere({ takeOver }: { readonly takeOver: () => void }) {
  return (
    <PlainPage
      title="The machine is running in another tab"
      actions={
        <Button kind="primary" onClick={takeOver}>
          Take it over here
        </Button>
      }
    >
      <p>
        Its disks can be open once. Taking over ends the other tab’s guests as a power cut would: what they
        had synced is kept, what they had not is lost.
      </p>
      <p>To stay with it, close this tab and go back to the other.</p>
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
