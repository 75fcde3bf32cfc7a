import { swapForm } from "./swap-form.js"

const shownMs = 6000
let timer = null

// Says something without moving the page, and tells screen readers. What offers a choice stays until it is answered, or
// something else is said.
export function say(message, offer) {
  const toast = document.querySelector("[data-toast]")
  if (!toast) return

  clearTimeout(timer)
  const words = document.createElement("p")
  words.textContent = message
  toast.replaceChildren(words)
  if (offer) toast.append(swapForm(offer.words, offer.itemId))
  else timer = setTimeout(silence, shownMs)
}

export function silence() {
  clearTimeout(timer)
  document.querySelector("[data-toast]")?.replaceChildren()
}
