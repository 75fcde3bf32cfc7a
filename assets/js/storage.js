// What all tabs of a browser share. Where storage is full or forbidden, nothing is remembered, and the session has to do.
export function recall(key) {
  try {
    return window.localStorage.getItem(key)
  } catch {
    return null
  }
}

export function remember(key, value) {
  try {
    window.localStorage.setItem(key, value)
  } catch {}
}

export function forget(key) {
  try {
    window.localStorage.removeItem(key)
  } catch {}
}
