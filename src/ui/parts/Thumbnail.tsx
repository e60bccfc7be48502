/** A small live picture of a domain's screen, as fresh as the domain's own credit for it: about one picture a second. */

import { useEffect, useRef } from 'react'
import type { DomainId } from '../../protocol/domain.ts'
import { useStage } from '../stage/seat-context.tsx'

/** Four times a second costs nothing worth measuring and shows a new picture soon after it came. Milliseconds. */
const EVERY = 250

type Props = { readonly id: DomainId; readonly width: number; readonly height: number }

export function Thumbnail({ id, width, height }: Props) {
  const stage = useStage()
  const canvas = useRef<HTMLCanvasElement>(null)

  useEffect(() => {
    let frame = 0
    let painted = -Infinity
    const paint = (now: number) => {
      frame = requestAnimationFrame(paint)
      if (canvas.current === null || now - painted < EVERY) return
      painted = now
      stage.paintThumbnail(id, canvas.current)
    }
    frame = requestAnimationFrame(paint)
    return () => cancelAnimationFrame(frame)
  }, [stage, id])

  const scale = Math.min(2, devicePixelRatio)
  return (
    <canvas
      ref={canvas}
      width={width * scale}
      height={height * scale}
      style={{ width: '100%', aspectRatio: `${width} / ${height}` }}
      aria-hidden="true"
    />
  )
}
