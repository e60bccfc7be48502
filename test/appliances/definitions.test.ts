import { describe, expect, it } from 'vitest'
import { APPLIANCES, commandLine, findAppliance } from '../../src/appliances/definitions.ts'
import { parseDomainId } from '../../src/protocol/domain.ts'

function appliance(name: string) {
  const found = findAppliance(name)
  if (found === undefined) throw new Error(`no appliance ${name}`)
  return found
}

describe('the appliances', () => {
  it.each(APPLIANCES.map((definition) => [definition.name, definition] as const))(
    '%s has the form of a domain, limits in range and a sentence for people',
    (name, definition) => {
      expect(parseDomainId(name)).toBe(name)
      expect(definition.limits.capPercent).toBeGreaterThanOrEqual(1)
      expect(definition.limits.capPercent).toBeLessThanOrEqual(100)
      expect(definition.limits.weight).toBeGreaterThanOrEqual(1)
      expect(definition.limits.weight).toBeLessThanOrEqual(1000)
      expect(definition.description).toMatch(/\.$/)
      expect(definition.persistence).toMatch(/\.$/)
      expect(definition.lossOnKill ?? 'Nothing.').toMatch(/\.$/)
      expect(definition.view === 'screen').toBe(definition.framebuffer !== undefined)
    },
  )

  it.each(['name', 'title', 'colour', 'shortcut'] as const)('differ in %s', (field) => {
    expect(new Set(APPLIANCES.map((definition) => definition[field])).size).toBe(APPLIANCES.length)
  })

  it('give control of others to management alone', () => {
    expect(APPLIANCES.filter(({ capabilities }) => capabilities.includes('control'))).toEqual([
      appliance('management'),
    ])
  })

  it('keep management and vault off any network', () => {
    expect(APPLIANCES.filter(({ network }) => network === 'none').map(({ name }) => name)).toEqual([
      'management',
      'vault',
    ])
  })

  it('never let two appliances share a disk image', () => {
    const paths = APPLIANCES.flatMap(({ disk }) => (disk?.formerPath === undefined ? [] : [disk.formerPath]))
    expect(new Set(paths).size).toBe(paths.length)
    expect(paths.length).toBe(2)
  })

  it('tell the guest who it is, and of its disk only when it has one', () => {
    expect(commandLine(appliance('primary'), 'quiet', { hostname: 'primary', hasDisk: true })).toBe(
      'quiet hs.role=primary hs.hostname=primary hs.disk=sdb',
    )
    expect(commandLine(appliance('primary'), 'quiet', { hostname: 'primary-2', hasDisk: false })).toBe(
      'quiet hs.role=primary hs.hostname=primary-2',
    )
    expect(commandLine(appliance('vault'), '', { hostname: 'vault', hasDisk: true })).toBe(
      'hs.role=vault hs.hostname=vault',
    )
  })

  it('answer nothing for a name that is none', () => {
    expect(findAppliance('__proto__')).toBeUndefined()
  })
})
