/** How the policy's places are called where a person reads. */

const PLACE_WORDS: Readonly<Record<string, string>> = {
  host: 'You, at this computer',
  gateway: 'The gateway',
  portal: 'The portal',
  internet: 'The world outside',
  trunk: 'Other machines',
}

export function placeWords(id: string): string {
  return PLACE_WORDS[id] ?? id
}
