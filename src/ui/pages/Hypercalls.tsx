/** The hypercall ABI for those who teach or program it: drawn from the tables that the supervisor itself uses. */

import {
  AGENT_ABI,
  AGENT_BYTES_PER_TURN,
  AGENT_FRAMES_PER_TURN,
  AGENT_MAX_PAYLOAD,
  AskOperation,
  GuestFrame,
  HostFrame,
  HypercallNumber,
  HypercallStatus,
} from '../../protocol/agent.ts'
import {
  ASK_REFERENCE,
  CALL_REFERENCE,
  GUEST_FRAME_REFERENCE,
  HOST_FRAME_REFERENCE,
  STATUS_REFERENCE,
  type FrameEntry,
} from '../../protocol/agent-reference.ts'
import { Dialog } from '../parts/Dialog.tsx'
import { Table, type TableColumn } from '../parts/Table.tsx'
import { formatBytes } from '../shell/figures.ts'
import { useShell } from '../shell/shell-store.ts'
import styles from './Hypercalls.module.css'
import pages from './pages.module.css'

const FRAME = ` 0        4      6      8            12
┌────────┬──────┬──────┬────────────┬──────────────────┐
│ "HVC1" │ type │  0   │ length     │ payload          │
└────────┴──────┴──────┴────────────┴──────────────────┘`

export function Hypercalls() {
  const shell = useShell()
  return (
    <Dialog title={`Hypercalls, ABI ${AGENT_ABI}`} size="full" onClose={() => shell.close()}>
      <div className={styles['page']}>
        <p className={pages['lead']}>
          A guest’s only way to the supervisor, beside its network card: frames on its virtio console,{' '}
          <code>/dev/hvc0</code>. Inside the guest one agent speaks on it, and <code>hv</code> is its client.
          The supervisor takes every field for hostile until it is checked; then it asks who may; then it
          acts.
        </p>

        <h3>The frame</h3>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls is reached by keyboard */}
        <section className={styles['frame']} aria-label="Layout of a frame" tabIndex={0}>
          <pre>{FRAME}</pre>
        </section>
        <p>
          Little endian; type and zero are u16, length is u32 and at most {AGENT_MAX_PAYLOAD} bytes. A string
          is a u16 length and so many bytes of UTF-8. A payload must be used up exactly: a byte too many is
          malformed, and the frame is dropped with a line in the journal. A guest has a budget of{' '}
          {AGENT_FRAMES_PER_TURN} frames and {formatBytes(AGENT_BYTES_PER_TURN)} a quarter second, and is held
          back beyond it.
        </p>
        <p>
          Real hypervisors use an instruction that traps (VMCALL, VMMCALL, or a port) for the call and shared
          memory for its bulk. Here the console’s virtqueue is both: a notification that traps, and buffers in
          the guest’s memory.
        </p>

        <h3>Calls</h3>
        <Table
          label="Calls"
          head={1}
          columns={[
            NUMBER,
            { title: 'hv', kind: 'long' },
            { title: 'Who' },
            { title: 'What it does', kind: 'long' },
          ]}
          rows={Object.entries(CALL_REFERENCE).map(([name, { arguments: words, who, does }]) => ({
            key: name,
            cells: [
              numberOf(HypercallNumber, name),
              <code key="call">
                {name} {words}
              </code>,
              who,
              does,
            ],
          }))}
        />

        <h3>Answers</h3>
        <Table
          label="Answers"
          head={1}
          columns={[NUMBER, { title: 'Status' }, { title: 'Means', kind: 'long' }]}
          rows={Object.entries(STATUS_REFERENCE).map(([name, means]) => ({
            key: name,
            cells: [numberOf(HypercallStatus, name), <code key="status">{name}</code>, means],
          }))}
        />
        <p>
          The number is also the exit status of <code>hv</code>, which adds 8 (no supervisor), 9 (no agent),
          64 (wrong usage) and 130 (interrupted).
        </p>

        <h3>Frames of the guest</h3>
        <Frames
          label="Frames of the guest"
          numbers={GuestFrame}
          entries={GUEST_FRAME_REFERENCE}
          what="Frame"
        />
        <h3>Frames of the supervisor</h3>
        <Frames
          label="Frames of the supervisor"
          numbers={HostFrame}
          entries={HOST_FRAME_REFERENCE}
          what="Frame"
        />
        <h3>What the supervisor asks</h3>
        <Frames
          label="What the supervisor asks"
          numbers={AskOperation}
          entries={ASK_REFERENCE}
          what="Operation"
        />

        <h3>Versions</h3>
        <p>
          <code>hello</code> says which ABI an agent speaks; another number than {AGENT_ABI} is answered with
          a welcome that says ours, and the agent gets no more. Numbers are never given twice: what is new
          gets a new number, and each side ignores frames that it does not know.
        </p>
      </div>
    </Dialog>
  )
}

function numberOf(numbers: Readonly<Record<string, number>>, name: string): string {
  const number = numbers[name] ?? 0
  return number > 0x80 ? `0x${number.toString(16)}` : String(number)
}

const NUMBER: TableColumn = { title: 'No.', kind: 'figure' }

type FramesProps = {
  readonly numbers: Readonly<Record<string, number>>
  readonly entries: Readonly<Record<string, FrameEntry>>
  readonly what: string
  readonly label: string
}

function Frames({ numbers, entries, what, label }: FramesProps) {
  return (
    <Table
      label={label}
      head={1}
      columns={[
        NUMBER,
        { title: what },
        { title: 'Payload', kind: 'long' },
        { title: 'Means', kind: 'long' },
      ]}
      rows={Object.entries(entries).map(([name, { payload, means }]) => ({
        key: name,
        cells: [numberOf(numbers, name), <code key="name">{name}</code>, payload, means],
      }))}
    />
  )
}
