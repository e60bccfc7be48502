/** The trunk: who else is on the fabric, and how they are let onto it. */

import { useState } from 'react'
import { useStore } from 'zustand'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import dialogs from '../shell/dialogs.module.css'
import { useShell } from '../shell/shell-store.ts'
import { useMachine, useSeat } from '../stage/seat-context.tsx'
import styles from './trunk.module.css'

export function TrunkDialog() {
  const seat = useSeat()
  const shell = useShell()
  const trunk = useMachine((state) => state.trunk)
  const machines = trunk?.machines ?? []
  return (
    <Dialog title="Trunk" size="wide" onClose={() => shell.close()}>
      <p className={styles['lead']}>
        Machines that are joined see each other’s guests. What may pass is the policy’s to say: there they are
        all called <code>trunk</code>, and no <code>*</code> means them.
      </p>
      <div className={styles['tabs']}>
        <input
          id="trunk-tabs"
          type="checkbox"
          aria-describedby="trunk-tabs-note"
          checked={trunk?.tabs === true}
          onChange={({ target }) => shell.attempt(seat.call('joinTabs', { on: target.checked }))}
        />
        <span>
          <label htmlFor="trunk-tabs">Other tabs of this browser</label>
          <small id="trunk-tabs-note">
            Each of them has to be joined as well. A second tab offers to be a second machine.
          </small>
        </span>
      </div>
      <Peers />
      {trunk?.clash === true && (
        <p className={styles['clash']}>
          Another machine drew the same number, {trunk.machine}, and neither hears the other: restart one of
          them.
        </p>
      )}
      <h3 className={styles['heading']}>
        On the trunk{trunk !== undefined && <small>this machine is m{trunk.machine}</small>}
      </h3>
      {machines.length === 0 ? (
        <p className={styles['lead']}>Nobody else yet.</p>
      ) : (
        <ul className={styles['machines']}>
          {machines.flatMap(({ machine, stations }) =>
            stations.map(({ name, address }) => (
              <li key={`${machine} ${address}`}>
                <code>{name}</code>
                <span>{address}</span>
              </li>
            )),
          )}
        </ul>
      )}
    </Dialog>
  )
}

function Peers() {
  const { trunkPeers } = useSeat()
  const shell = useShell()
  const step = useStore(trunkPeers.store, (state) => state.step)
  const connected = useStore(trunkPeers.store, (state) => state.connected)
  const [pasted, setPasted] = useState('')
  const take = () => {
    shell.attempt(trunkPeers.take(pasted))
    setPasted('')
  }
  const copy = (code: string) => {
    shell.attempt(navigator.clipboard.writeText(code))
  }
  return (
    <section className={styles['peers']} aria-label="Another browser">
      <h3 className={styles['heading']}>
        Another browser{connected > 0 && <small>{connected} connected</small>}
      </h3>
      <p className={styles['lead']}>
        Two browsers are joined by two codes: one makes an invitation, the other answers it. No server takes
        part; the two have to reach each other directly, on one network as a rule. A code tells your addresses
        on that network: give it to whom you trust.
      </p>
      {step.kind === 'code' && (
        <>
          <textarea
            className={dialogs['area']}
            aria-label={step.of === 'offer' ? 'Your invitation' : 'Your answer'}
            readOnly
            rows={3}
            value={step.code}
            onFocus={({ target }) => target.select()}
          />
          <p className={styles['lead']}>
            {step.of === 'offer'
              ? 'Give this invitation to the other person, and paste their answer below.'
              : 'Give this answer to the person who invited you; then you are joined.'}
          </p>
          <Button onClick={() => copy(step.code)}>Copy the code</Button>
        </>
      )}
      {step.kind === 'working' && <p className={styles['lead']}>Working…</p>}
      <textarea
        className={dialogs['area']}
        aria-label="The other person’s code"
        placeholder="HST1-…"
        rows={2}
        spellCheck={false}
        value={pasted}
        onChange={({ target }) => setPasted(target.value)}
      />
      <div className={styles['buttons']}>
        <Button disabled={pasted.trim() === ''} onClick={take}>
          Use this code
        </Button>
        <Button onClick={() => shell.attempt(trunkPeers.invite())}>Make an invitation</Button>
        {step.kind !== 'none' && <Button onClick={() => trunkPeers.cancel()}>Give up</Button>}
      </div>
    </section>
  )
}
