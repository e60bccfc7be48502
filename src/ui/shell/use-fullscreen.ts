/** Whether the page fills the screen, and the way in and out. */

import { useEffect, useState } from 'react'

export function useFullscreen(): readonly [boolean, () => Promise<void>] {
  const [full, setFull] = useState(() => document.fullscreenElement !== null)
  useEffect(() => {
    const changed = () => setFull(document.fullscreenElement !== null)
    document.addEventListener('fullscreenchange', changed)
    return () => document.removeEventListener('fullscreenchange', changed)
  }, [])
  return [full, toggleFullscreen]
}

function toggleFullscreen(): Promise<void> {
  return document.fullscreenElement === null
    ? document.documentElement.requestFullscreen()
    : document.exitFullscreen()
}
