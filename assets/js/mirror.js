import { tellSession } from "./session"

const quietMs = 300

// Keeps the session as the tab is, so that a page without JavaScript shows the same cart: some
// moments after the last change, or when the page is left. A hidden tab leaves it to the one that
// the shopper looks at.
export function createMirror() {
  let timer = null
  let cartId
  let serialized

  function flush() {
    if (timer === null) return
    clearTimeout(timer)
    timer = null
    tellSession(cartId, serialized).catch(() => {}) // the next change tells all of it, and so does the next page
  }

  window.addEventListener("pagehide", flush)

  return function mirror(id, token) {
    cartId = id
    serialized = token
    clearTimeout(timer)
    timer = document.hidden ? null : setTimeout(flush, quietMs)
  }
}
