/** What is real here and what is modelled, as the honesty page states it. Whoever builds a part adds its line. */

export type Statement = { readonly title: string; readonly text: string }

export const REAL: readonly Statement[] = [
  {
    title: 'The guests',
    text: 'A Linux kernel and programs from Debian’s sources and packages, on an emulated x86 processor with a PIT, a PIC, a UART, a VGA and disks. Nothing you see in a guest was scripted for you.',
  },
  {
    title: 'Every line of the power-on self-test',
    text: 'A line is printed when its work has ended, with the result and the time it took: the engine compiled, the storage opened, each volume hashed.',
  },
  {
    title: 'The start of the guests',
    text: 'They do not boot before your eyes: the build booted each with this same machine and kept its state, and here it goes on from there, with a time, name and address of its own. The states are unpacked while the firmware waits for a key; no guest executes before the hand-off. A reset boots from the start.',
  },
  {
    title: 'The refusal of a changed volume',
    text: 'SHA-256 is computed over the bytes that arrived and compared with the manifest. One flipped bit, and that volume is not started.',
  },
  {
    title: 'Separation of the guests',
    text: 'One guest is one worker with one WebAssembly memory. It cannot name another guest’s memory. What crosses is a message from a closed list, checked before it is used.',
  },
  {
    title: 'VM exits',
    text: 'When a guest touches a port or a device register, its compiled code really leaves to the device model. Those departures are counted, by reason and device.',
  },
  {
    title: 'What crosses between the guests',
    text: 'Files, clipboard text, secrets and signatures go through the supervisor, piece by piece, by a line of the policy and, where it says so, by your word. The vault’s key signs inside the vault; a locked vault gives nothing.',
  },
  {
    title: 'Caps, kills and crashes',
    text: 'A cap holds the virtual processor back by a token bucket. A kill ends the worker. A crash report carries the registers the guest had.',
  },
  {
    title: 'Snapshots and clones',
    text: 'A snapshot is the guest’s whole memory, its devices and its disk at one instant, between two slices of its processor; the pause you are told is measured. Pages that are equal are compared byte by byte and kept once. A clone is a second machine in that state; it is then told its own address, name and time, and given fresh randomness.',
  },
  {
    title: 'The network between the guests',
    text: 'Real Ethernet frames from real network drivers, switched, checked and answered here: ARP, DHCP, DNS, TCP. A frame with a forged sender or against the policy is dropped and counted.',
  },
  {
    title: 'Disks',
    text: 'What a guest’s sync has returned from is on stable storage in this browser and outlives a killed tab; a saved image is byte for byte the guest’s disk. A disk image of your own is started by a real BIOS and never written; what its system writes to a hard disk is kept beside it.',
  },
  {
    title: 'Recorded packets',
    text: 'The list and the file hold the very bytes that passed a guest’s port, those that were refused included. Wireshark reads the file. Times are the browser’s, no finer than a tenth of a millisecond.',
  },
  {
    title: 'Every figure',
    text: 'Processor share, speed, traffic and memory are counted, four times a second. A switch is timed from your key to the frame that shows the other guest.',
  },
]

export const MODELLED: readonly Statement[] = [
  {
    title: 'The processor',
    text: 'There is no VT-x or AMD-V here: v86 translates x86 code to WebAssembly. A hypervisor lets guest code run on the processor itself, so it is many times faster.',
  },
  {
    title: 'The firmware',
    text: 'Real firmware is the first code a machine runs. This one runs in a page, after a browser, an operating system and a real firmware. It can vouch for what it loads, not for what loaded it.',
  },
  {
    title: 'The flash',
    text: 'The volumes are files from the web server this page came from, and so is the manifest that names their hashes. On a board, the root of trust is in a chip that the page’s author cannot change.',
  },
  {
    title: 'The supervisor',
    text: 'HyperCore decides which guest runs, how much and what may cross, but the walls are the browser’s. A hypervisor builds its walls itself, with page tables and an IOMMU.',
  },
  {
    title: 'Scheduling',
    text: 'Your operating system places the workers on its processors. HyperCore’s shares sit above that, where a hypervisor’s scheduler owns the processors. Half a processor is left to this page, and what the browser compiles for a guest is an estimate.',
  },
  {
    title: 'The memory budget',
    text: 'A sum that the supervisor keeps. The browser hands out the memory, and may have less than was promised.',
  },
  {
    title: 'The way to the Internet',
    text: 'Without a relay there is none: the gateway asks the browser for a page, and the browser gives only what other sites allow it to. Names outside get stand-in addresses. A real machine would route packets.',
  },
  {
    title: 'NVRAM',
    text: 'A file in the storage the browser keeps for this page. Clear the site’s data and it is gone, as if the battery had been pulled.',
  },
]
