import { afterEach, describe, expect, it } from 'vitest'
import { HostFrame } from '../../src/protocol/agent.ts'
import { Guest, KeptDisk } from '../support/boot-guest.ts'

let guest: Guest | undefined

afterEach(() => guest?.dispose())

/** The console's text without what moves its cursor and colours it. */
function words(text: string): string {
  // oxlint-disable-next-line no-control-regex -- a full-screen program's output
  return text.replaceAll(/\x1b(\[[0-9;?]*[a-zA-Z]|\(B)/g, '').replaceAll(/\s+/g, ' ')
}

async function bootMessaging(commandLine: string, disk?: KeptDisk): Promise<Guest> {
  guest = await Guest.boot({
    role: 'messaging',
    volume: 'messaging.sqfs',
    memoryMiB: 32,
    commandLine,
    ...(disk === undefined ? {} : { disk }),
  })
  await guest.untilReady()
  return guest
}

describe('the messaging appliance', () => {
  it('registers its nick on its own server and joins the lobby by itself', async () => {
    const messaging = await bootMessaging('hs.nick=ada')
    await messaging.waitFor(
      () => words(messaging.text).includes('ada [~person@127.0.0.1] has joined #lobby'),
      60_000,
      'join',
    )
    expect(messaging.text).toContain('Irssi')
  })

  it('talks: what is said in the lobby reaches another client of the server', async () => {
    const messaging = await bootMessaging('hs.nick=ada')
    await messaging.waitFor(() => words(messaging.text).includes('has joined #lobby'), 60_000, 'join')
    // A second client, as plain as one can be, started from the first.
    messaging.type(
      `/exec - (printf 'NICK eve\\r\\nUSER eve 0 * :eve\\r\\n'; sleep 3; printf 'JOIN #lobby\\r\\nPRIVMSG #lobby :good evening\\r\\n'; sleep 600) | nc 127.0.0.1 6667 >/tmp/eve\n`,
    )
    await messaging.waitFor(() => /eve> good evening/.test(words(messaging.text)), 60_000, "eve's words")
    messaging.type('hello to all\n')
    await messaging.waitFor(() => /ada> hello to all/.test(words(messaging.text)), 60_000, "ada's words")
    const from = messaging.text.length
    messaging.type('/exec until grep -a PRIVMSG /tmp/eve; do sleep 1; done\n')
    const received = (): string => words(messaging.text.slice(from))
    await messaging.waitFor(() => /PRIVMSG #lobby.*all/.test(received()), 60_000, 'what eve received')
    expect(received()).toContain(':ada!~person@127.0.0.1 PRIVMSG #lobby :hello to all')
  })

  it('keeps the nick, and shows again what was said, from its disk', async () => {
    const disk = new KeptDisk(16 * 1024 * 1024)
    const first = await bootMessaging('hs.disk=sdb', disk)
    // The volume's own empty file system, not one made here: its identifier is a fixed one.
    expect(disk.bytes.subarray(0x468, 0x478).toString('latin1')).toBe('hyperspace-disk\0')
    await first.waitFor(() => words(first.text).includes('has joined #lobby'), 60_000, 'join')
    first.type('remember me\n/nick lovelace\n')
    await first.waitFor(() => words(first.text).includes('now known as lovelace'), 60_000, 'nick')
    // What the disk holds in the moment in which it has the name: the client has more of that file to write.
    await first.waitFor(
      () => disk.bytes.toString('latin1').includes('nick = "lovelace"'),
      60_000,
      'the name on the disk',
    )
    const cut = new KeptDisk(disk.size)
    cut.write(0, new Uint8Array(disk.bytes))
    first.send(HostFrame.shutdown, Uint8Array.of(0))
    await first.untilEnd()
    first.dispose()

    const second = await bootMessaging('hs.disk=sdb', disk)
    await second.waitFor(() => /< ?guest\d{4}> remember me/.test(words(second.text)), 60_000, 'history')
    await second.waitFor(
      () => words(second.text).includes('lovelace [~person@127.0.0.1] has joined #lobby'),
      60_000,
      'join under the kept nick',
    )
    expect(words(second.text)).not.toContain('unknown settings')
    second.dispose()

    const third = await bootMessaging('hs.disk=sdb', cut)
    await third.waitFor(
      () => words(third.text).includes('has joined #lobby'),
      60_000,
      'join after a power cut',
    )
    expect(words(third.text)).not.toContain('Ignored errors')
  })

  it('draws a nick at each start, until a word is said under it', async () => {
    const disk = new KeptDisk(16 * 1024 * 1024)
    const visit = async (on: KeptDisk) => {
      const guest = await bootMessaging('hs.disk=sdb', on)
      const joined = /(guest\d{4}) \[~person@127\.0\.0\.1\] has joined #lobby/
      await guest.waitFor(() => joined.test(words(guest.text)), 60_000, 'join')
      return { guest, name: joined.exec(words(guest.text))?.[1] ?? '' }
    }
    const names: string[] = []
    // Of 9,000 names: two starts that draw the same one are no fault, three are.
    while (new Set(names).size < 2 && names.length < 3) {
      // oxlint-disable-next-line no-await-in-loop -- one disk
      const { guest, name } = await visit(disk)
      names.push(name)
      guest.send(HostFrame.shutdown, Uint8Array.of(0))
      // oxlint-disable-next-line no-await-in-loop -- one disk
      await guest.untilEnd()
      guest.dispose()
    }
    expect(new Set(names).size).toBe(2)

    const { guest, name } = await visit(disk)
    guest.type('hello\n')
    await guest.waitFor(() => words(guest.text).includes(`${name}> hello`), 60_000, 'the word')
    guest.type("/exec - until [ ! -e /root/.irssi/drawn ]; do sleep 0.1; done; echo it is k''ept\n")
    await guest.waitFor(() => /it is kept/.test(words(guest.text)), 60_000, 'the name on the disk')
    const cut = new KeptDisk(disk.size)
    cut.write(0, new Uint8Array(disk.bytes))
    guest.dispose()
    const again = await visit(cut)
    expect(again.name).toBe(name)
    again.guest.dispose()
  })
})
