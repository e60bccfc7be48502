import { describe, expect, test } from 'vitest'
import shipped from '../../images/manifest.json'
import { appliancesOf, parseManifest } from '../../src/firmware/manifest.ts'
import { makeFlash, manifestOf, withField } from './fake-platform.ts'

function errorOf(manifest: unknown): string {
  const parsed = parseManifest(manifest)
  if (parsed.ok) throw new Error('accepted')
  return parsed.error
}

describe('a flash manifest', () => {
  test('lists its appliances in order', () => {
    const parsed = parseManifest(manifestOf(makeFlash()))
    if (!parsed.ok) throw new Error(parsed.error)
    expect(appliancesOf(parsed.value).map(({ appliance, ramMiB }) => [appliance, ramMiB])).toEqual([
      ['primary', 96],
      ['web', 128],
      ['messaging', 64],
      ['management', 48],
      ['vault', 64],
    ])
  })

  test.each([
    ['kernel', 'sha256', 'ABCD', 'volumes.1.sha256 must be 64 lower-case hexadecimal digits'],
    ['kernel', 'size', -1, 'volumes.1.size must be at least 1'],
    ['kernel', 'size', 1.5, 'volumes.1.size must be a whole number'],
    ['kernel', 'size', undefined, 'volumes.1.size'],
    ['kernel', 'contentSize', 2 ** 40, 'volumes.1.contentSize must be at most'],
    ['kernel', 'encoding', 'brotli', 'volumes.1.encoding must be identity or gzip'],
    ['kernel', 'role', 'virus', 'volumes.1.role must have a role of'],
    ['kernel', 'name', 'Kernel!', 'volumes.1.name must be 1-32 lower-case'],
    ['web', 'ramMiB', 4, 'volumes.4.ramMiB must be at least 8'],
    ['web', 'appliance', undefined, 'volumes.4.appliance'],
    ['web', 'kernelCommandLine', 7, 'volumes.4.kernelCommandLine must be text'],
    ['web', 'name', 'kernel', 'two volumes are named kernel'],
    ['web', 'appliance', 'vault', 'two volumes are for the appliance vault'],
    ['bios', 'role', 'kernel', 'one volume with the role kernel, not 2'],
  ])('with %s.%s = %s is refused in words', (name, field, value, words) => {
    expect(errorOf(manifestOf(withField(makeFlash(), name, field, value)))).toContain(words)
  })

  test.each(['../secret', '/etc/passwd', 'https://elsewhere.test/kernel', 'flash/../../x', 'a//b', '.', ''])(
    'may not point out of the flash folder: %j',
    (file) => {
      expect(errorOf(manifestOf(withField(makeFlash(), 'kernel', 'file', file)))).toContain('path inside')
    },
  )

  test.each([[null], [undefined], ['text'], [[]], [{}], [{ format: 'hyperspace-flash', version: 1 }]])(
    'is no %j',
    (manifest) => {
      expect(errorOf(manifest)).not.toBe('')
    },
  )
})

// While only kernel and base are there, nothing can be booted from it.
test.runIf(shipped.volumes.some(({ role }) => role === 'appliance'))('the one that is shipped boots', () => {
  expect(parseManifest(shipped)).toMatchObject({ ok: true })
})
