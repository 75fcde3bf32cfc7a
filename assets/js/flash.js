import { swapForm } from "./swap-form"

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
