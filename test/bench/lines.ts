/** The bench's figures as it prints them: each beside its goal, where it has one. */

import type { BiosCost } from './bios-cost.ts'
import type { BootFigure } from './boots.ts'
import type { FrameCost } from './frame-cost.ts'
import type { InputFigures } from './input.ts'
import type { PageFigures } from './pages.ts'
import type { RestoreFigure } from './restores.ts'
import type { SnapshotFigures } from './snapshots.ts'
import type { SpeedFigures } from './speed.ts'
import type { StartFigures } from './start.ts'
import type { SwitchFigures } from './switching.ts'
import type { TroubleFigures } from './trouble.ts'

const FRAME_MS = 1000 / 60

function ms(value: number): string {
  return value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(1)} ms`
}

function goal(met: boolean, text: string): string {
  return `${met ? 'met' : 'MISSED'}: ${text}`
}

export function startLines(start: StartFigures): string[] {
  return [
    `  firmware painted      ${ms(start.firmwarePaintedMs)}   ${goal(start.firmwarePaintedMs <= 300, '≤ 0.3 s')}`,
    `  hand-off              ${ms(start.handOffMs)}`,
    ...start.readyMs.map(
      ({ id, milliseconds }) => `  ${id.padEnd(20)}  ${ms(milliseconds)} to its first screen`,
    ),
    `  all live, warm        ${ms(start.allLiveMs)}   ${goal(start.allLiveMs <= 2000, '≤ 2 s')}`,
    `  all live, reloaded    ${ms(start.reloadedAllLiveMs)}`,
    `  all live, first visit ${ms(start.firstVisitAllLiveMs)}   ${goal(start.firstVisitAllLiveMs <= 4000, '≤ 4 s')}`,
    `  booted, not resumed   ${start.booted.length === 0 ? 'none' : start.booted.join(', ')}`,
  ]
}

export function speedLines(speed: SpeedFigures): string[] {
  return [
    ...speed.loads.map(
      ({ name, bareMs, productMs, ratio }) =>
        `  ${name.padEnd(20)}  bare ${ms(bareMs)}, here ${ms(productMs)}, ratio ${ratio.toFixed(3)}`,
    ),
    `  slowest of them       ratio ${speed.ratio.toFixed(3)}   ${goal(speed.ratio >= 0.98, '≥ 0.98')}`,
  ]
}

export function switchLines(figures: readonly SwitchFigures[]): string[] {
  return figures.flatMap(({ load, count, busyGuests, placed, painted }) => [
    `  ${count} times, ${busyGuests} guests ${load}`,
    `    in front on the stage  median ${ms(placed.medianMs)}, p99 ${ms(placed.p99Ms)}   ${goal(placed.p99Ms <= FRAME_MS, 'p99 ≤ one frame at 60 Hz')}`,
    `    painted by the page    median ${ms(painted.medianMs)}, p99 ${ms(painted.p99Ms)}`,
  ])
}

export function inputLines(figures: readonly InputFigures[]): string[] {
  return figures.flatMap(({ flood, keys, consoleBytes, frames, handled, painted, slow, longestDelayMs }) => [
    `  ${keys} keys, ${flood} (${(consoleBytes / 1e6).toFixed(1)} MB, ${frames} frames)`,
    `    handled by the page    median ${ms(handled.medianMs)}, p99 ${ms(handled.p99Ms)}   ${goal(handled.p99Ms <= FRAME_MS, 'p99 ≤ one frame at 60 Hz')}`,
    `    end of the next frame  median ${ms(painted.medianMs)}, p99 ${ms(painted.p99Ms)}`,
    `    by Event Timing        ${slow} longer than 16 ms to the next picture, waited at most ${ms(longestDelayMs)}`,
  ])
}

export function troubleLines({ longestFrameMs, longestTaskMs }: TroubleFigures): string[] {
  return [
    `  the page’s longest frame ${ms(longestFrameMs)}, its own longest task ${ms(longestTaskMs)}   ${goal(longestFrameMs < 100, '< 100 ms')}`,
  ]
}

export function frameLines(cost: FrameCost): string[] {
  const ns = (value: number): string => `${Math.round(value)} ns`
  return [
    `  of an open one        ${ns(cost.frameNs)}, the policy’s part of it ${ns(cost.lookupNs)}`,
    `  that opens one        ${ns(cost.openingNs)}; by a yes without the table ${ns(cost.openingWithoutTableNs)}`,
    `  denied                ${ns(cost.deniedNs)}`,
  ]
}

export function snapshotLines(figures: SnapshotFigures): string[] {
  const { fullPauseMs, fullMs, incrementalPauseMs, incrementalMs, cloneMs, restoreMs } = figures
  const { bareSaveMs, bareRestoreMs } = figures
  const beside = (what: string, bareMs: number): string => `bare ${what} ${ms(bareMs)}`
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
  return [
    `  full                  stands still ${ms(fullPauseMs)}, stored after ${ms(fullMs)}   ${beside('save', bareSaveMs)}   ${goal(fullPauseMs <= 100, '≤ 100 ms')}`,
    `  incremental           stands still ${ms(incrementalPauseMs)}, stored after ${ms(incrementalMs)}   ${beside('save', bareSaveMs)}   ${goal(incrementalPauseMs <= 30, '≤ 30 ms')}`,
    `  clone answers a key   ${ms(cloneMs)}   ${beside('save and restore', bareSaveMs + bareRestoreMs)}   ${goal(cloneMs <= 500, '≤ 0.5 s')}`,
    `  restore answers a key ${ms(restoreMs)}   ${beside('restore', bareRestoreMs)}`,
    `  ${figures.count} of them take       ${mb(figures.storeBytes)}; as many full ones ${mb(figures.separateBytes)}`,
  ]
}

export function bootLines(boots: readonly BootFigure[]): string[] {
  return boots.map(
    ({ name, readyMs, instructionsMi, ramUsedMiB, ramMiB, volumeBytes, goalMs }) =>
      `  ${name.padEnd(12)} ${ms(readyMs).padStart(9)}  ${instructionsMi.toFixed(0).padStart(5)} Mi  RAM ${ramUsedMiB.toFixed(1)} of ${ramMiB} MiB  volume ${(volumeBytes / 2 ** 20).toFixed(2)} MiB   ${goal(readyMs <= goalMs, `≤ ${ms(goalMs)}`)}`,
  )
}

export function biosLines({ without, by }: BiosCost): string[] {
  const line = (how: string, { promptMs, instructionsMi }: BiosCost['by']): string =>
    `  ${how.padEnd(12)} ${ms(promptMs).padStart(9)}  ${instructionsMi.toFixed(0).padStart(5)} Mi`
  return [line('the stub', without), line('SeaBIOS', by)]
}

export function restoreLines(restores: readonly RestoreFigure[]): string[] {
  return restores.map(
    ({ name, stage, packedBytes, restoreMs, unpackMs, bareSaveMs, bareRestoreMs }) =>
      `  ${name.padEnd(12)} ${ms(restoreMs).padStart(9)}  (unpacking ${ms(unpackMs)} of it; ${(packedBytes / 2 ** 20).toFixed(1)} MiB, ${stage})   bare restore ${ms(bareRestoreMs)}, bare save ${ms(bareSaveMs)}   ${goal(restoreMs <= 300, '≤ 0.3 s')}`,
  )
}

export function pageLines({ homeMs, newGuestMs, fittedMs, linkMs }: PageFigures): string[] {
  return [
    `  the portal            ${ms(homeMs)} after the call for a new identity   ${goal(homeMs <= 2000, '≤ 2 s')}`,
    `  another web guest     ${ms(newGuestMs)} from its start until it answers   ${goal(newGuestMs <= 300, '≤ 0.3 s')}`,
    `  in a larger window    ${ms(fittedMs)} to the same, laid out anew in the stage’s size   ${goal(fittedMs <= 2000, '≤ 2 s')}`,
    `  a link followed       ${ms(linkMs)} from the click right after, to the last of the page’s pictures`,
  ]
}
