/** The firmware's screen where the console has the page already. */

import { useEffect, useRef } from 'react'
import type { FirmwareView } from '../app-props.ts'
import { openBootScreen } from './boot-screen.ts'

export function BootScreen({ view }: { readonly view: FirmwareView }) {
  const root = useRef<HTMLDivElement>(null)
  useEffect(() => (root.current === null ? undefined : openBootScreen(root.current, view).dispose), [view])
  return <div ref={root} />
}
