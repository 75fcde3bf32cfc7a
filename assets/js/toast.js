import { swapForm } from "./swap-form.js"

const shownMs = 6000
const most = 3
const whole = ".size-container, .cart-item, .checkout-line" // what stays in sight when a part of it changes
const pressed = ":is(main, .cart) :is(a, button)"
const read = ":is(main, .cart) :is(h1, h2)"
let lastAbout = null // the element that the last of what stands there is about
let chosen = null // the size that the open choice is about

const box = () => document.querySelector("[data-toast]")

// Shows a message without moving the page, and announces it to screen readers. Recent messages stay
// below it, so that none is missed. No text stands there twice, and of one subject only the latest.
// The element that the message is about stays in sight.
export function say(message, about, subject) {
  const toast = box()
  if (!toast) return

  for (const old of toast.querySelectorAll(":scope > p")) {
    if (old.textContent === message || (subject && old.dataset.subject === subject)) old.remove()
  }
  const news = words(message)
  if (subject) news.dataset.subject = subject
  toast.prepend(news)
  for (const old of [...toast.querySelectorAll(":scope > p")].slice(most)) old.remove()
  setTimeout(() => news.remove(), shownMs)
  if (toast.children.length === 1) lastAbout = null
  keepClear(toast, about)
}

// Offers a size in place of the one in the cart. The choice stays until it is answered, dismissed,
// or another one is offered.
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

// Goes to the other end of the window, or into a low header, where it would cover what it is about,
// or what can be pressed, or a heading: to where it covers the least.
function keepClear(toast, about) {
  lastAbout = about ?? lastAbout
  const seen = lastAbout?.closest(whole) ?? lastAbout
  const kinds = [seen ? [seen] : [], beside(toast, pressed), beside(toast, read)]
  let best = null
  for (const place of ["", "end", "header"]) {
    move(toast, place)
    const covered = kinds.map((elements) => elements.reduce((sum, element) => sum + overlap(toast, element), 0))
    if (!best || less(covered, best.covered)) best = { place, covered }
  }
  move(toast, best.place)
}

function move(toast, place) {
  if (place) toast.setAttribute("data-aside", place)
  else toast.removeAttribute("data-aside")
}

const beside = (toast, selector) =>
  [...document.querySelectorAll(selector)].filter((element) => !toast.contains(element))

// The first that differs decides.
function less(some, others) {
  const i = some.findIndex((area, i) => area !== others[i])
  return i >= 0 && some[i] < others[i]
}

function overlap(some, other) {
  const [a, b] = [some.getBoundingClientRect(), other.getBoundingClientRect()]
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left)
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  return width > 0 && height > 0 ? width * height : 0
}
