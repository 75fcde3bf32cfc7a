import { swapForm } from "./swap-form.js"
import { place, retire, standing } from "./toast-stacks.js"

const shownMs = 6000
const whole = ".size-container, .cart-item, .checkout-line" // what stays in sight when a part of it changes
let lastAbout = null // the element that the last of what stands there is about
let chosen = null // the size that the open choice is about

const box = () => document.querySelector("[data-toast]")

// Shows a message for a while without moving the page or an earlier message, and announces it to
// screen readers. No text stands there twice, and of one subject only the latest. The element that
// the message is about stays in sight.
export function say(message, about, subject) {
  const toast = box()
  if (!toast) return

  for (const old of standing(toast)) {
    if (old.textContent === message || (subject && old.dataset.subject === subject)) retire(old)
  }
  const news = words(message)
  news.className = "toast__card"
  if (subject) news.dataset.subject = subject
  show(toast, news, about)
  setTimeout(() => retire(news), shownMs)
}

// Offers a size in place of the one in the cart. The choice stays until it is answered, dismissed,
// or another one is offered.
export function offer(message, swap, button) {
  const toast = box()
  if (!toast) return

  standing(toast).filter(isOffer).forEach(retire)
  show(toast, choice(message, swap), button)
  chosen = button
}

function show(toast, card, about) {
  if (!standing(toast).length) lastAbout = null
  lastAbout = about ?? lastAbout
  place(toast, card, lastAbout?.closest(whole) ?? lastAbout)
}

export function silence() {
  takeOut(() => true)
}

// Escape dismisses a choice.
export function dismissByKey() {
  document.addEventListener("keydown", ({ key }) => key === "Escape" && dismiss())
}

function dismiss() {
  takeOut(isOffer)
}

const isOffer = (card) => "offer" in card.dataset

// The focus goes back to the size from which it came, if that can still have it.
function takeOut(which) {
  const toast = box()
  if (!toast) return

  const focused = toast.contains(document.activeElement)
  standing(toast).filter(which).forEach(retire)
  if (focused) (chosen?.isConnected && !chosen.disabled ? chosen : document.querySelector("#main")).focus()
}

function words(message) {
  const p = document.createElement("p")
  p.textContent = message
  return p
}

function choice(message, { words: yes, itemId }) {
  const open = document.createElement("div")
  open.className = "toast__card toast__offer"
  open.dataset.offer = ""
  const no = document.createElement("button")
  no.type = "button"
  no.className = "flash__action toast__no"
  no.textContent = "Leave it"
  no.addEventListener("click", dismiss)
  open.append(words(message), swapForm(yes, itemId), no)
  return open
}
