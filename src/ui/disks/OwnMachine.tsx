/** The machine that an image of the person's own is put into: what its profile gives, and what of it they want otherwise. */

import { useId } from 'react'
import {
  BOOT_ORDERS,
  IMAGE_KINDS,
  NETWORK_CARDS,
  PROFILES,
  type BootOrder,
  type NetworkCard,
  type ProfileName,
} from '../../protocol/own-image.ts'
import { isLive } from '../../state/machine-store.ts'
import { useMachine } from '../stage/seat-context.tsx'
import styles from './disks.module.css'

/** MiB, each half as much again as the one before, or a third. */
const MEMORY_SIZES: readonly number[] = [
  16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048,
]

const CARDS: readonly NetworkCard[] = ['ne2000', 'virtio', 'none']

const CARD_WORDS: Readonly<Record<NetworkCard, string>> = {
  ne2000: 'NE2000: every system knows it',
  virtio: 'virtio: fast, needs its driver',
  none: 'None: on no network at all',
}

export type Chosen = {
  readonly memoryMiB: number
  readonly card: NetworkCard
  readonly bootOrder: BootOrder
}

/** What the profile gives, as far as the budget of all domains together goes. */
export function profileChoice(profile: ProfileName, budgetMiB: number): Chosen {
  const { memoryMiB, card, bootOrder } = PROFILES[profile]
  const largest = sizesWithin(budgetMiB).at(-1) ?? memoryMiB
  return { memoryMiB: Math.min(memoryMiB, largest), card, bootOrder }
}

function sizesWithin(budgetMiB: number): readonly number[] {
  return MEMORY_SIZES.filter((size) => size <= budgetMiB)
}

function orderWords(order: BootOrder): string {
  const words = order.map((drive, place) =>
    place === 0 || drive === 'cdrom' ? IMAGE_KINDS[drive] : IMAGE_KINDS[drive].toLowerCase(),
  )
  return words.join(', ')
}

type Props = {
  readonly profile: ProfileName
  readonly chosen: Chosen
  readonly onChange: (chosen: Chosen) => void
}

export function OwnMachine({ profile, chosen, onChange }: Props) {
  const { title, vgaMemoryMiB, acpi, tried, reported } = PROFILES[profile]
  return (
    <section className={styles['machine']} aria-label={`Machine for ${title}`}>
      <dl className={styles['facts']}>
        <dt>Memory</dt>
        <dd>
          {chosen.memoryMiB} MB, and {vgaMemoryMiB} MB for the display
        </dd>
        <dt>Network card</dt>
        <dd>{NETWORK_CARDS[chosen.card]}</dd>
        <dt>ACPI</dt>
        <dd>{acpi ? 'Yes' : 'No'}</dd>
        <dt>Boot order</dt>
        <dd>{orderWords(chosen.bootOrder)}</dd>
      </dl>
      <Room wantedMiB={chosen.memoryMiB} />
      <details className={styles['adjust']}>
        <summary>Adjust</summary>
        <Choices chosen={chosen} onChange={onChange} />
      </details>
      <dl className={styles['known']}>
        <dt>Tried</dt>
        <dd>{tried ?? `Nothing of ${title} was tried here.`}</dd>
        <dt>Reported</dt>
        <dd>{reported}</dd>
      </dl>
    </section>
  )
}

/** HyperCore decides when it starts; this is so that nobody has to fail first. */
function Room({ wantedMiB }: { readonly wantedMiB: number }) {
  const budgetMiB = useMachine((state) => state.memoryBudgetMiB)
  const usedMiB = useMachine(({ domains }) =>
    domains.reduce((sum, { state, memoryBytes }) => sum + (isLive(state) ? memoryBytes / 2 ** 20 : 0), 0),
  )
  const freeMiB = Math.max(0, budgetMiB - usedMiB)
  if (wantedMiB <= freeMiB) return undefined
  return (
    <p role="alert">
      <strong>
        {freeMiB} of the {budgetMiB} MB that all domains share are free.
      </strong>{' '}
      Shut a domain down before it is started, or give it less memory.
    </p>
  )
}

function Choices({ chosen, onChange }: Omit<Props, 'profile'>) {
  const id = useId()
  const budgetMiB = useMachine((state) => state.memoryBudgetMiB)
  const sizes = sizesWithin(budgetMiB)
  return (
    <div className={styles['choices']}>
      <label htmlFor={`${id}-memory`}>Memory</label>
      <select
        id={`${id}-memory`}
        value={chosen.memoryMiB}
        onChange={(event) => onChange({ ...chosen, memoryMiB: Number(event.target.value) })}
      >
        {sizes.map((size) => (
          <option key={size} value={size}>
            {size} MB
          </option>
        ))}
      </select>
      <label htmlFor={`${id}-card`}>Network card</label>
      <select
        id={`${id}-card`}
        value={chosen.card}
        onChange={(event) =>
          onChange({ ...chosen, card: CARDS.find((card) => card === event.target.value) ?? chosen.card })
        }
      >
        {CARDS.map((card) => (
          <option key={card} value={card}>
            {CARD_WORDS[card]}
          </option>
        ))}
      </select>
      <label htmlFor={`${id}-order`}>Boot order</label>
      <select
        id={`${id}-order`}
        value={orderWords(chosen.bootOrder)}
        onChange={(event) =>
          onChange({
            ...chosen,
            bootOrder:
              BOOT_ORDERS.find((order) => orderWords(order) === event.target.value) ?? chosen.bootOrder,
          })
        }
      >
        {BOOT_ORDERS.map((order) => (
          <option key={orderWords(order)}>{orderWords(order)}</option>
        ))}
      </select>
    </div>
  )
}
