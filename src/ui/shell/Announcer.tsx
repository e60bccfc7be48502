/** The live region: what became of a domain, said once when its state changes. */

import { useEffect, useRef } from 'react'
import type { DomainInfo } from '../../protocol/domain.ts'
import { crashWords } from '../crash/crash-words.ts'
import { stateWords } from '../parts/StateGlyph.tsx'
import { useSeat } from '../stage/seat-context.tsx'

export function Announcer() {
  const seat = useSeat()
  const region = useRef<HTMLOutputElement>(null)

  useEffect(() => {
    let said = new Map(seat.store.getState().domains.map((domain) => [domain.id, words(domain)]))
    let focused = seat.store.getState().focusedId
    return seat.store.subscribe(({ domains, focusedId }) => {
      const news = domains
        .map((domain) => ({ domain, text: words(domain) }))
        .filter(({ domain, text }) => said.get(domain.id) !== text)
        .map(({ domain, text }) => `${domain.name}: ${text}.`)
      if (focusedId !== focused) {
        const name = domains.find(({ id }) => id === focusedId)?.name
        if (name !== undefined) news.unshift(`${name} is on the stage.`)
        focused = focusedId
      }
      if (news.length === 0) return
      said = new Map(domains.map((domain) => [domain.id, words(domain)]))
      if (region.current !== null) region.current.textContent = news.join(' ')
    })
  }, [seat])

  return <output ref={region} className="visually-hidden" aria-label="News of the domains" />
}

function words({ state, health, ready, crash }: DomainInfo): string {
  return crash === undefined ? stateWords(state, health, ready) : `crashed. ${crashWords(crash.cause).title}`
}
