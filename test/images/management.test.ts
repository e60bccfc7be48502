import { afterEach, describe, expect, it } from 'vitest'
import { Guest } from '../support/boot-guest.ts'

// oxlint-disable-next-line no-control-regex -- the prompt is coloured
const PROMPT = /:\S*~\S*# $/
let guest: Guest | undefined

async function bootManagement(): Promise<Guest> {
  guest = await Guest.boot({ role: 'management', memoryMiB: 32 })
  await guest.untilReady()
  await guest.see(PROMPT)
  return guest
}

afterEach(() => guest?.dispose())

describe('the management appliance', () => {
  it('greets with the commands', async () => {
    const management = await bootManagement()
    for (const command of ['list', 'top', 'pause', 'snapshot', 'policy'])
      expect(management.text).toContain(command)
  })

  it('says that no supervisor answers where there is none, and fails', async () => {
    const management = await bootManagement()
    const said = await management.run('hv list; echo "status $?"', PROMPT, 90_000)
    expect(said).toMatch(/supervisor/i)
    expect(said).toMatch(/status [1-9]/)
  })

  it('lines up what the supervisor answers', async () => {
    const management = await bootManagement()
    management.answer = () => ({ status: 0, text: 'name\tstate\nprimary\trunning\nweb\tpaused\n' })
    expect(await management.run('hv list', PROMPT)).toMatch(/name +state\nprimary +running\nweb +paused/)
    management.answer = () => ({ status: 2, text: 'permission denied' })
    expect(await management.run('hv pause web; echo "status $?"', PROMPT)).toMatch(
      /permission denied\nstatus [1-9]/,
    )
  })
})
