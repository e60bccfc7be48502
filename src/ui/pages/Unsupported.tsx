/** The machine cannot come up in this browser: what is missing, and what to do about it. */

import { assertNever } from '../../base/assert.ts'
import type { Unsupported as Why } from '../app-props.ts'
import { Button } from '../parts/Button.tsx'
import { PlainPage } from './PlainPage.tsx'

export function Unsupported({ why }: { readonly why: Why }) {
  const { title, text, todo } = words(why)
  return (
    <PlainPage
      title={title}
      actions={
        // A device has as much memory after a reload.
        why.kind === 'too-little-memory' ? undefined : (
          <Button kind="primary" onClick={() => location.reload()}>
            Try again
          </Button>
        )
      }
    >
      <p>{text}</p>
      <p>
        <strong>{todo}</strong>
      </p>
    </PlainPage>
  )
}

function words(why: Why): { title: string; text: string; todo: string } {
  switch (why.kind) {
    case 'no-webassembly':
      return {
        title: 'This browser runs no WebAssembly',
        text: 'The guests’ processor is a WebAssembly program; without it there is nothing to run them on. Some browsers switch it off in a strict security mode (Lockdown Mode on iPhone and Mac, the “safest” level of Tor Browser).',
        todo: 'Allow WebAssembly for this site, or open it in a current Chrome, Edge, Firefox or Safari.',
      }
    case 'no-worker':
      return {
        title: 'This browser starts no workers',
        text: 'Each guest runs in a worker of its own, and so does the supervisor. This browser does not start any here, perhaps because the page is embedded in a frame that forbids it.',
        todo: 'Open the page in a tab of its own, in a current browser.',
      }
    case 'too-little-memory':
      return {
        title: 'Too little memory',
        text: `The smallest guest needs ${why.needMiB} MB. By what this browser says of the device, ${why.haveMiB === 0 ? 'nothing is' : `${why.haveMiB} MB are`} left for guests: a tab that takes more than about half the memory is ended, and the page itself takes its part of that.`,
        todo: 'Open it on a device with more memory.',
      }
    case 'failed':
      return {
        title: 'The machine did not come up',
        text: why.detail,
        todo: 'Try again. If it happens twice, reload without the cache.',
      }
    default:
      return assertNever(why)
  }
}
