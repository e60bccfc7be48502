/** What the shell itself has open: one dialog at a time, the on-screen keyboard, and messages to the person. */

import { createContext, useContext } from 'react'
import { useStore } from 'zustand'
import { createStore, type StoreApi } from 'zustand/vanilla'
import type { DomainId } from '../../protocol/domain.ts'
import { FaultError } from '../../protocol/fault.ts'
import type { RestartTarget } from '../app-props.ts'

export type ShellDialog =
  | { readonly kind: 'switcher'; readonly openedAt: number }
  | { readonly kind: 'confirm-end'; readonly id: DomainId; readonly act: 'kill' | 'reset' | 'remove' }
  | { readonly kind: 'confirm-restart'; readonly into: RestartTarget }
  | { readonly kind: 'limits'; readonly id: DomainId }
  | { readonly kind: 'fetch'; readonly id: DomainId }
  | { readonly kind: 'snapshots'; readonly id: DomainId }
  | { readonly kind: 'disk'; readonly id: DomainId }
  | { readonly kind: 'own-image'; readonly file: File }
  | { readonly kind: 'paste' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'about' }
  | { readonly kind: 'honesty' }
  | { readonly kind: 'hand-off' }
  | { readonly kind: 'journal' }
  | { readonly kind: 'policy' }
  | { readonly kind: 'network' }
  | { readonly kind: 'trunk' }
  | { readonly kind: 'hypercalls' }
  | { readonly kind: 'keys' }

export type Message = { readonly key: number; readonly tone: 'info' | 'fault'; readonly text: string }

export type ShellState = {
  readonly dialog: ShellDialog | undefined
  readonly keyboard: boolean
  /** The panel of packets, where it is open, and the domain that it is held to. */
  readonly packets: { readonly port: DomainId | undefined } | undefined
  readonly messages: readonly Message[]
  /** Crash reports that were put away, by domain: the time of the crash. */
  readonly dismissedCrashes: Readonly<Record<string, number>>
}

/** More than these on the screen at once would cover the guest. */
const MESSAGE_LIMIT = 3

export class Shell {
  readonly store: StoreApi<ShellState> = createStore<ShellState>(() => ({
    dialog: undefined,
    keyboard: false,
    packets: undefined,
    messages: [],
    dismissedCrashes: {},
  }))
  #lastKey = 0

  open(dialog: ShellDialog): void {
    this.store.setState({ dialog })
  }

  close(): void {
    this.store.setState({ dialog: undefined })
  }

  toggleKeyboard(): void {
    this.store.setState(({ keyboard }) => ({ keyboard: !keyboard }))
  }

  showPackets(packets: ShellState['packets']): void {
    this.store.setState({ packets })
  }

  dismissCrash(id: DomainId, at: number): void {
    this.store.setState(({ dismissedCrashes }) => ({ dismissedCrashes: { ...dismissedCrashes, [id]: at } }))
  }

  /** Shows a report that was put away again. */
  recallCrash(id: DomainId): void {
    this.store.setState(({ dismissedCrashes }) => {
      const { [id]: _recalled, ...rest } = dismissedCrashes
      return { dismissedCrashes: rest }
    })
  }

  say(text: string, tone: Message['tone'] = 'info'): void {
    this.#lastKey += 1
    const message: Message = { key: this.#lastKey, tone, text }
    this.store.setState(({ messages }) => ({ messages: [...messages, message].slice(-MESSAGE_LIMIT) }))
  }

  dismiss(key: number): void {
    this.store.setState(({ messages }) => ({ messages: messages.filter((message) => message.key !== key) }))
  }

  /** Runs a call to the supervisor; a fault is told to the person in the supervisor's own words. */
  attempt(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!(error instanceof FaultError)) {
        this.say(error instanceof Error ? error.message : String(error), 'fault')
        throw error
      }
      this.say(error.message, 'fault')
    })
  }
}

const ShellContext = createContext<Shell | undefined>(undefined)
export const ShellProvider = ShellContext.Provider

export function useShell(): Shell {
  const shell = useContext(ShellContext)
  if (shell === undefined) throw new Error('useShell outside of ShellProvider')
  return shell
}

export function useShellState<T>(selector: (state: ShellState) => T): T {
  return useStore(useShell().store, selector)
}
