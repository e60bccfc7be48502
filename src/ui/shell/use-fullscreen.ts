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

async function toggleFullscreen(): Promise<void> {
  if (document.fullscreenElement !== null) return document.exitFullscreen()
  await document.documentElement.requestFullscreen()
  await lockKeys()
}

/** What a browser keeps for itself: Esc leaves fullscreen, and with Ctrl these close the tab or open another. */
const GUESTS_KEYS = ['Escape', 'KeyN', 'KeyT', 'KeyW']

/**
 * In fullscreen these keys belong to the guest, where the browser has the Keyboard Lock API: it is then left by holding
 * Esc, which the browser says itself. The lock ends with fullscreen.
 */
async function lockKeys(): Promise<void> {
  const keyboard: unknown = Reflect.get(navigator, 'keyboard')
  if (typeof keyboard !== 'object' || keyboard === null) return
  const lock: unknown = Reflect.get(keyboard, 'lock')
  if (typeof lock === 'function') await Reflect.apply(lock, keyboard, [GUESTS_KEYS])
}
