import { recall, remember } from "./storage.js"

const key = "sneakers23.cartId"
const wellFormed = (id) => /^[A-Za-z0-9+/]{64}$/.test(id ?? "")

// Names the cart of this browser: the name that its tabs use, else the one that this tab was given.
// Tabs that open at once on a first visit are given one each, and none may see yet what the other
// has written. They agree on the lowest: whoever hears of a lower one calls changed with it,
// whoever hears of a higher one says his again.
export function agreeOnCartId(given, changed) {
  const stored = recall(key)
  let agreed = wellFormed(stored) ? stored : given
  if (!wellFormed(agreed)) return null

  remember(key, agreed)
  window.addEventListener("storage", ({ key: written, newValue: other }) => {
    if (written !== key || !wellFormed(other) || other === agreed) return
    if (other > agreed) return remember(key, agreed)

    agreed = other
    changed(agreed)
  })
  return agreed
}
