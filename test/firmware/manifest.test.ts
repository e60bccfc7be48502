import { describe, expect, test } from 'vitest'
import shipped from '../../images/manifest.json'
import { appliancesOf, parseManifest } from '../../src/firmware/manifest.ts'
import { makeFlash, manifestOf, withField } from './fake-platform.ts'

function errorOf(manifest: unknown): string {
  const parsed = parseManifest(manifest)
  if (parsed.ok) throw new Error('accepted')
  return parsed.error
}

/** One package, right but for `wrong`. */
function originWith(wrong: object): object {
  const libc = { package: 'libc6', version: '2.36-9+deb12u14', architecture: 'i386', sha256: '0'.repeat(64) }
  return { source: [], binary: [{ ...libc, ...wrong }] }
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
    ['web', 'licence', undefined, 'volumes.4.licence'],
    ['web', 'licence', '', 'volumes.4.licence must be an SPDX licence expression'],
    ['web', 'licence', 'whatever you like', 'volumes.4.licence must be an SPDX licence expression'],
    ['web', 'origin', undefined, 'volumes.4.origin'],
    ['web', 'origin', 'Debian', 'volumes.4.origin must say which packages'],
    ['web', 'origin', { source: [] }, 'volumes.4.origin.binary'],
    [
      'web',
      'origin',
      originWith({ package: '../busybox' }),
      'volumes.4.origin.binary.0.package must be the name of a Debian package',
    ],
    [
      'web',
      'origin',
      originWith({ version: 'newest' }),
      'volumes.4.origin.binary.0.version must be the version of a Debian package',
    ],
    [
      'web',
      'origin',
      originWith({ architecture: 'arm64' }),
      'volumes.4.origin.binary.0.architecture must be i386, amd64 or all',
    ],
    [
      'web',
      'origin',
      originWith({ sha256: 'ABCD' }),
      'volumes.4.origin.binary.0.sha256 must be 64 lower-case',
    ],
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
test.runIf(shipped.volumes.some(({ role }) => role === 'appliance'))(
  'the one that is shipped boots, and says of each volume its licence and what it is made of',
  () => {
    const parsed = parseManifest(shipped)
    if (!parsed.ok) throw new Error(parsed.error)
    const said = ({
      name,
      licence,
      origin,
    }: Pick<(typeof shipped.volumes)[number], 'name' | 'licence' | 'origin'>): unknown => ({
      name,
      licence,
      origin,
    })
    expect(parsed.value.volumes.map(said)).toEqual(shipped.volumes.map(said))
    expect(parsed.value.volumes.find(({ name }) => name === 'kernel')?.origin.source).toContainEqual({
      package: 'linux',
      version: expect.stringMatching(/^6\.1\./),
    })
  },
)
