/** The network's figures as the bench prints them. */

import type { NetworkFigures } from './network.ts'

export function networkLines(figures: NetworkFigures): string[] {
  const { pingMs, tcpMiBs, portalMs, portalBytes, idle, busy, flooding, floodFramesPerSecond } = figures
  const frames = ({ medianMs, p99Ms, longestMs }: NetworkFigures['idle']): string =>
    `median ${medianMs.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, longest ${longestMs.toFixed(1)} ms`
  return [
    `  ping, round trip      bare ${pingMs.bare.toFixed(1)} ms, here ${pingMs.product.toFixed(1)} ms`,
    `  TCP                   bare ${tcpMiBs.bare.toFixed(1)} MiB/s, here ${tcpMiBs.product.toFixed(1)} MiB/s, ratio ${tcpMiBs.ratio.toFixed(2)}`,
    `  portal, ${(portalBytes / 1024).toFixed(0)} KiB        ${portalMs.toFixed(0)} ms by the guest’s wget`,
    `  the page’s frames     idle: ${frames(idle)}`,
    `    while both compute  ${frames(busy)}`,
    `    while both flood    ${frames(flooding)}, at ${Math.round(floodFramesPerSecond)} frames a second`,
  ]
}
