import { swapForm } from "./swap-form.js"

export function showFlash({ kind, message, action, item_id }) {
  const region = document.querySelector("[data-flash]")
  if (!region) return

  const flash = document.createElement("div")
  flash.classList.add("flash", `flash--${kind}`)
  const words = document.createElement("p")
  words.className = "flash__words"
  words.textContent = message
  flash.append(words)
  if (action) flash.append(swapForm(action, item_id))
  region.replaceChildren(flash)
}

// Takes a flash away that is true no longer. The focus must not go with it.
export function takeAway(flash) {
  if (flash?.contains(document.activeElement)) document.querySelector("#main").focus()
  flash?.remove()
}
