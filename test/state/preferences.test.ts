import { describe, expect, it } from 'vitest'
import { clampFontSize, createPreferences, FONT_SIZES } from '../../src/state/preferences.ts'

function memoryStorage(content?: string) {
  let stored: string | null = content ?? null
  return {
    getItem: () => stored,
    setItem: (_: string, value: string) => {
      stored = value
    },
  }
}

describe('preferences', () => {
  it('are the same after a reload', () => {
    const storage = memoryStorage()
    createPreferences(storage).setState({ theme: 'light', fontSize: 20, hintsSeen: ['keys'] })
    expect(createPreferences(storage).getState()).toMatchObject({
      theme: 'light',
      fontSize: 20,
      hintsSeen: ['keys'],
    })
  })

  it('lose one bad value and keep the others', () => {
    const storage = memoryStorage(
      JSON.stringify({ theme: 'purple', fontSize: 18, screenReader: 'yes', more: 1 }),
    )
    expect(createPreferences(storage).getState()).toEqual({
      theme: 'system',
      fontSize: 18,
      hibernating: [],
      hintsSeen: [],
      reducedMotion: 'system',
      screenReader: false,
      guestsSwitch: true,
    })
  })

  it.each(['', 'null', '[]', '42', '{', '{"fontSize":99999}'])('begin anew from %j', (content) => {
    expect(createPreferences(memoryStorage(content)).getState().fontSize).toBe(FONT_SIZES.default)
  })

  it('hold for the visit where nothing can be stored', () => {
    const refusing = {
      getItem: (): string => {
        throw new Error('SecurityError')
      },
      setItem: () => {
        throw new Error('QuotaExceededError')
      },
    }
    for (const storage of [refusing, undefined]) {
      const preferences = createPreferences(storage)
      preferences.setState({ fontSize: 11 })
      expect(preferences.getState().fontSize).toBe(11)
    }
  })

  it('keep font sizes whole and within bounds', () => {
    expect([3, 14.4, 99].map(clampFontSize)).toEqual([FONT_SIZES.min, 14, FONT_SIZES.max])
  })
})
