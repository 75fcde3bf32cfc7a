import { swapForm } from "./swap-form.js"

const shownMs = 6000
const most = 3

const box = () => document.querySelector("[data-toast]")

// Says something without moving the page, and tells screen readers. What is said shortly after it stands below, so that
// neither is missed. What offers a choice stays until it is answered, dismissed, or another choice is offered.
export function say(message, offer) {
  const toast = box()
  if (!toast) return

  if (offer) {
    toast.querySelector("[data-offer]")?.remove()
    toast.append(choice(message, offer))
    return
  }
  const news = words(message)
  toast.prepend(news)
  const said = [...toast.querySelectorAll(":scope > p")]
  for (const old of said.slice(most)) old.remove()
  setTimeout(() => news.remove(), shownMs)
}

export function silence() {
  box()?.replaceChildren()
}

function words(message) {
  const p = document.createElement("p")
  p.textContent = message
  return p
}

function choice(message, { words: yes, itemId }) {
  const offer = document.createElement("div")
  offer.className = "toast__offer"
  offer.dataset.offer = ""
  const no = document.createElement("button")
  no.type = "button"
  no.className = "flash__action toast__no"
  no.textContent = "Leave it"
  no.addEventListener("click", () => offer.remove())
  offer.append(words(message), swapForm(yes, itemId), no)
  return offer
}

// Escape dismisses a choice.
export function dismissByKey() {
  document.addEventListener("keydown", ({ key }) => key === "Escape" && box()?.querySelector("[data-offer]")?.remove())
}
