/** Short words to the person: a fault stays until it is put away, news leaves by itself. */

import { X } from 'lucide-react'
import { useEffect } from 'react'
import { IconButton } from '../parts/Button.tsx'
import { useShell, useShellState, type Message } from './shell-store.ts'
import styles from './Messages.module.css'

/** Long enough to read a sentence twice. Milliseconds. */
const NEWS_STAYS = 6000

export function Messages() {
  const messages = useShellState((state) => state.messages)
  return (
    <output className={styles['messages']} aria-label="Messages">
      {messages.map((message) => (
        <MessageLine key={message.key} message={message} />
      ))}
    </output>
  )
}

function MessageLine({ message }: { readonly message: Message }) {
  const shell = useShell()
  const { key, tone, text } = message

  useEffect(() => {
    if (tone !== 'info') return undefined
    const timer = setTimeout(() => shell.dismiss(key), NEWS_STAYS)
    return () => clearTimeout(timer)
  }, [shell, key, tone])

  return (
    <div className={styles['message']} data-tone={tone}>
      <p>{text}</p>
      <IconButton label="Dismiss" onClick={() => shell.dismiss(key)}>
        <X size={15} />
      </IconButton>
    </div>
  )
}
