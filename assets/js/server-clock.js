// The server's time. The device's clock may be hours off, so nothing is counted by it alone:
// answers of the server bring its time along, and tell how far the device is off.
const listeners = new Set()
let known = null // {offset, error}, in ms

// Takes the server's time, as ISO 8601 or in ms, from an answer to what was asked at a time of the
// device's clock. It was read at some moment between the two: so the quickest answer says it best,
// until one contradicts it (the device's clock was set).
export function learnTime(now, asked, answered = Date.now()) {
  const error = Math.abs(answered - asked) / 2
  const offset = new Date(now).getTime() - (asked + answered) / 2
  if (Number.isNaN(offset)) return
  if (known && error > known.error && Math.abs(offset - known.offset) <= error + known.error) return

  known = { offset, error }
  for (const listener of listeners) listener()
}

// The server's time in ms, null while it is not known.
export function serverTime() {
  return known && Date.now() + known.offset
}

// Calls back whenever more is known of the server's time.
export function onTime(listener) {
  listeners.add(listener)
}
