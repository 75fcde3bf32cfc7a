import { swapForm } from "./swap-form.js"

const shownMs = 6000
const most = 3
let chosen = null // the size that the open choice is about

const box = () => document.querySelector("[data-toast]")

// Says something without moving the page, and tells screen readers. What was said shortly before stands below, so that
// neither is missed; nothing stands there twice. If it answers to a button, that one stays in sight.
export function say(message, button) {
  const toast = box()
  if (!toast) return

  for (const old of toast.querySelectorAll(":scope > p")) if (old.textContent === message) old.remove()
  const news = words(message)
  toast.prepend(news)
  for (const old of [...toast.querySelectorAll(":scope > p")].slice(most)) old.remove()
  setTimeout(() => news.remove(), shownMs)
  if (button || toast.children.length === 1) keepClear(toast, button)
}

// Offers a size in place of the one in the cart. The choice stays until it is answered, dismissed, or another one is offered.
export function offer(message, swap, button) {
  const toast = box()
  if (!toast) return

  toast.querySelector("[data-offer]")?.remove()
  toast.append(choice(message, swap))
  chosen = button
  keepClear(toast, button)
}

export function silence() {
  takeOut(":scope > *")
}

// Escape dismisses a choice.
export function dismissByKey() {
  document.addEventListener("keydown", ({ key }) => key === "Escape" && dismiss())
}

function dismiss() {
  takeOut("[data-offer]")
}

// The focus goes back to the size from which it came, if that can still have it.
function takeOut(selector) {
  const toast = box()
  if (!toast) return

  const focused = toast.contains(document.activeElement)
  for (const element of toast.querySelectorAll(selector)) element.remove()
  if (focused) (chosen?.isConnected && !chosen.disabled ? chosen : document.querySelector("#main")).focus()
}

function words(message) {
  const p = document.createElement("p")
  p.textContent = message
  return p
}

function choice(message, { words: yes, itemId }) {
  const open = document.createElement("div")
  open.className = "toast__offer"
  open.dataset.offer = ""
  const no = document.createElement("button")
  no.type = "button"
  no.className = "flash__action toast__no"
  no.textContent = "Leave it"
  no.addEventListener("click", dismiss)
  open.append(words(message), swapForm(yes, itemId), no)
  return open
}

// Goes to the other end of the window rather than over the sizes among which somebody is choosing.
function keepClear(toast, button) {
  toast.removeAttribute("data-above")
  const sizes = button?.form?.getBoundingClientRect()
  const { top, bottom, left, right } = toast.getBoundingClientRect()
  const covers = sizes && sizes.top < bottom && sizes.bottom > top && sizes.left < right && sizes.right > left
  toast.toggleAttribute("data-above", Boolean(covers))
}
