import { afterEach, describe, expect, it, vi } from 'vitest'
import { compileEngine } from '../../src/firmware/engine-compiler.ts'
import { EMPTY_MODULE, sha256 } from './fake-platform.ts'

/** A module with one exported memory named `m`. */
const OTHER_MODULE = Uint8Array.from(Buffer.from('0061736d010000000503010001070501016d0200', 'hex'))
const AT = 'https://a.test/assets/v86.wasm'
const ENGINE = { bytes: EMPTY_MODULE, sha256: sha256(EMPTY_MODULE) }

type Asked = { readonly url: string; readonly integrity: string | undefined }

function answerWith(bytes: Uint8Array<ArrayBuffer>, type: string): Asked[] {
  const asked: Asked[] = []
  vi.stubGlobal('fetch', (url: string, { integrity }: RequestInit) => {
    asked.push({ url, integrity })
    return Promise.resolve(new Response(bytes, { headers: { 'Content-Type': type } }))
  })
  return asked
}

const exportsOf = (module: WebAssembly.Module): string[] =>
  WebAssembly.Module.exports(module).map(({ name }) => name)

describe('the engine’s compiler', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('streams the kept file, and asks the browser for the hash that was measured', async () => {
    const asked = answerWith(OTHER_MODULE, 'application/wasm')
    expect(exportsOf(await compileEngine(ENGINE, AT))).toEqual(['m'])
    const digest = Buffer.from(ENGINE.sha256, 'hex').toString('base64')
    expect(asked).toEqual([{ url: AT, integrity: `sha256-${digest}` }])
  })

  it('compiles the bytes where the file comes with another type', async () => {
    answerWith(OTHER_MODULE, 'application/octet-stream')
    expect(exportsOf(await compileEngine(ENGINE, AT))).toEqual([])
  })

  it('compiles the bytes where the browser refuses the file', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('integrity')))
    expect(exportsOf(await compileEngine(ENGINE, AT))).toEqual([])
  })

  it('asks for nothing where nothing is kept', async () => {
    const asked = answerWith(OTHER_MODULE, 'application/wasm')
    expect(exportsOf(await compileEngine(ENGINE, undefined))).toEqual([])
    expect(asked).toEqual([])
  })

  it('rejects with the compiler’s own words', async () => {
    answerWith(Uint8Array.of(1, 2, 3), 'application/wasm')
    await expect(compileEngine({ ...ENGINE, bytes: Uint8Array.of(1, 2, 3) }, AT)).rejects.toThrow(
      WebAssembly.CompileError,
    )
  })
})
