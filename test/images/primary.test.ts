import { afterEach, describe, expect, it } from 'vitest'
import { Guest, KeptDisk, type GuestOptions } from '../support/boot-guest.ts'

// oxlint-disable-next-line no-control-regex -- the prompt is coloured
const PROMPT = /:\S*?~\S*?# (\x1b\[\S*)*$/
const guests: Guest[] = []

async function bootPrimary(options: GuestOptions = {}): Promise<Guest> {
  const guest = await Guest.boot({ role: 'primary', volume: 'primary.sqfs', memoryMiB: 64, ...options })
  guests.push(guest)
  await guest.untilReady()
  await guest.see(PROMPT)
  return guest
}

async function run(guest: Guest, line: string): Promise<string> {
  // oxlint-disable-next-line no-control-regex -- bash brackets each line in escape sequences of its own
  return (await guest.run(line, PROMPT, 90_000)).replaceAll(/\x1b\[[0-9;?]*[a-zA-Z]/g, '')
}

afterEach(() => {
  for (const guest of guests.splice(0)) guest.dispose()
})

describe('the primary', () => {
  it('greets with its tools and says that without a disk nothing stays', async () => {
    const guest = await bootPrimary()
    expect(guest.text).toContain('hvdetect')
    expect(guest.text).toContain('gone at power off')
  })

  it('compiles and runs a C program with tcc', async () => {
    const guest = await bootPrimary()
    await run(
      guest,
      `printf '#include <stdio.h>\\nint main(void){int s=0;for(int i=1;i<=100;i++)s+=i;printf("sum %%d\\\\n",s);return 7;}\\n' > sum.c`,
    )
    expect(await run(guest, 'tcc sum.c -o sum && ./sum; echo status $?')).toMatch(/sum 5050\s+status 7/)
    expect(await run(guest, 'tcc -run sum.c')).toContain('sum 5050')
    expect(await run(guest, 'file sum')).toContain('ELF 32-bit LSB')
  })

  it('assembles, links and runs an assembly program with nasm', async () => {
    const guest = await bootPrimary()
    expect(await run(guest, 'cd labs && make 2>&1; cd ~')).toContain('nasm -f elf32')
    expect(await run(guest, '~/labs/hello-asm')).toContain('Hello from assembly')
    expect(await run(guest, '~/labs/cpuid')).toContain('GenuineIntel')
    expect(await run(guest, 'objdump -d labs/cpuid')).toMatch(/0f a2\s+cpuid/)
    expect(await run(guest, 'strace -f labs/hello-asm 2>&1 >/dev/null')).toMatch(/write\(1, .*exited with 0/s)
  })

  it('stops a program with gdb, looks at it, steps by lines and by instructions, and lets it go on', async () => {
    const guest = await bootPrimary()
    const source = [
      '#include <stdio.h>',
      'int add(int a, int b) {',
      '  return a + b;',
      '}',
      'int main(void) {',
      '  int total = 0;',
      '  for (int i = 1; i <= 3; i++)',
      '    total = add(total, i);',
      '  printf("total %%d\\n", total);',
      '  return 0;',
      '}',
    ]
    await run(guest, `printf '${source.join('\\n')}\\n' > steps.c; tcc -g steps.c -o steps`)
    const debugged = async (...commands: string[]): Promise<string> =>
      run(guest, `gdb -q -batch ${commands.map((command) => `-ex '${command}'`).join(' ')} ./steps 2>&1`)
    const lines = await debugged(
      'break add',
      'run',
      'backtrace',
      'finish',
      'next',
      'next',
      'print total',
      'continue',
    )
    expect(lines).toMatch(/Breakpoint 1, add \(b=1, a=0\) at steps\.c:3/)
    expect(lines).toMatch(/#1 .* in main \(\) at steps\.c:8/)
    expect(lines).toMatch(/Breakpoint 1, add \(b=2, a=1\)/)
    const steps = await debugged(
      'break main',
      'run',
      'print $pc',
      'stepi',
      'print $pc',
      'next',
      'next',
      'step',
      'print a + b',
      'delete',
      'continue',
    )
    const [before = 0, after = 0] = [...steps.matchAll(/\(void \(\*\)\(\)\) 0x([0-9a-f]+)/g)].map(([, hex]) =>
      Number(`0x${hex}`),
    )
    expect(after - before).toBeGreaterThan(0)
    expect(after - before).toBeLessThan(16)
    expect(steps).toMatch(/add \(b=1, a=0\)/)
    expect(steps).toMatch(/\$\d+ = 1/)
    expect(steps).toMatch(/total 6[^]*exited normally/)
  })

  it('keeps a history with git, and edits and multiplexes in the terminal', async () => {
    const guest = await bootPrimary()
    await run(guest, 'mkdir work && cd work && git init -q && echo one > file && git add file; cd ~')
    expect(await run(guest, 'git -C work commit -q -m first && git -C work log --oneline')).toMatch(
      /[0-9a-f]{7} .*first/,
    )
    for (const program of ['nano', 'tmux', 'htop', 'less', 'links', 'irssi'])
      // oxlint-disable-next-line no-await-in-loop -- one terminal
      expect(
        await run(
          guest,
          `${program} ${program === 'tmux' ? '-V' : program === 'links' ? '-version' : '--version'} | head -n 1`,
        ),
      ).toMatch(new RegExp(program, 'i'))
  })

  it('keeps what was written on its disk through a power off', async () => {
    const disk = new KeptDisk(64 << 20)
    const first = await bootPrimary({ disk, commandLine: 'hs.disk=sdb' })
    expect(first.text).toContain('what you change stays')
    await run(first, 'echo kept > /etc/mine; rm /etc/nanorc')
    first.type('poweroff\n')
    await first.untilEnd(60_000)
    const second = await bootPrimary({ disk, commandLine: 'hs.disk=sdb' })
    expect(await run(second, 'cat /etc/mine; ls /etc/nanorc')).toMatch(/kept\s+.*No such file/)
  })
})
