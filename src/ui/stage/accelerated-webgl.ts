/** Whether WebGL is drawn by a graphics processor. By a processor's emulation of one, a terminal is slower than the DOM. */

/** Emulations by name: browsers do not report all of them as a performance caveat. */
const SOFTWARE_RENDERER = /swiftshader|llvmpipe|softpipe|software|basic render/i

let accelerated: boolean | undefined

/** Asked of the browser once. */
export function hasAcceleratedWebgl(): boolean {
  accelerated ??= probe()
  return accelerated
}

function probe(): boolean {
  const gl = document.createElement('canvas').getContext('webgl2', { failIfMajorPerformanceCaveat: true })
  if (gl === null) return false
  const named = gl.getExtension('WEBGL_debug_renderer_info')
  const renderer = String(gl.getParameter(named === null ? gl.RENDERER : named.UNMASKED_RENDERER_WEBGL))
  // Contexts are few: this one is given back.
  gl.getExtension('WEBGL_lose_context')?.loseContext()
  return !SOFTWARE_RENDERER.test(renderer)
}
