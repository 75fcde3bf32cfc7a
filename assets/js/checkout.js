import { tellSession } from "./session.js"
import { say } from "./toast.js"

const quietMs = 150
const spreadMs = 1000 // a size that sells out changes many checkouts at once
const patienceMs = 5000
const attempts = 3

// Keeps the checkout in step with the cart. An outdated checkout is replaced by what a reload would
// show. A form that is on its way stays untouched, with the part it was sent from, until it has
// come to nothing.
export function keepCheckout(desk, forms) {
  let cart = null
  let known = wordsOn(desk) // of what the shopper has been told
  let timer = null
  let left = 0 // attempts: a node may lag behind the one that told us
  let busy = false
  forms.onSettled(() => cart && show(cart, false))

  function plan(pauseMs) {
    clearTimeout(timer)
    timer = setTimeout(renew, pauseMs + Math.random() * spreadMs)
  }

  async function renew() {
    if (busy || forms.underway() || agrees(desk, cart)) return

    busy = true
    left--
    const fresh = await made(cart).catch((error) => console.warn("the checkout is not renewed", error))
    busy = false
    if (forms.underway()) return

    if (fresh) desk = place(fresh, desk)
    if (!agrees(desk, cart) && left > 0) return plan(1000)
    if (!fresh) say("Your cart has changed. Reload this page before you buy.")
  }

  function renewSoon() {
    left = attempts
    plan(quietMs)
  }

  function show(now, news) {
    cart = now
    if (forms.underway()) return // the page to which the form leads tells what it has changed

    const before = known
    known = now.items.map(wordOf)
    if (agrees(desk, cart)) return

    if (!news && !same(before.map(withoutOthers), known.map(withoutOthers))) say(changeFrom(before, known))
    renewSoon()
  }

  return show
}

function agrees(desk, { items }) {
  return same(wordsOn(desk), items.map(wordOf))
}

function same(some, others) {
  return String([...some].sort()) === String([...others].sort())
}

function wordsOn(desk) {
  return [...desk.querySelectorAll("[data-line]")].map((line) => line.dataset.line)
}

// All of a line that the checkout shows, as Go writes it: checkoutLine.Word.
function wordOf({ id, price_usd, out_of_stock, released, paused = false, sizes = [] }) {
  const others = sizes.filter(({ level }) => level !== "out").map(({ item_id }) => item_id)
  return `${id} ${Math.round(price_usd * 100)} ${out_of_stock} ${released} ${paused} [${others.join(" ")}]`
}

// Says what has changed of a cart: a price, if each line that was there before is there still.
function changeFrom(before, now) {
  const [were, are] = [before, now].map((words) => new Map(words.map((word) => word.split(" ", 2))))
  const differs = [...were].some(([id, cents]) => are.has(id) && are.get(id) !== cents)
  if (differs && were.size === are.size) return "A price has changed. Look at the new total before you buy."
  return "Your cart has changed. Here it is as it is now."
}

// Strips the sizes that may replace a line: when they change, the cart has not.
function withoutOthers(word) {
  return word.slice(0, word.indexOf(" ["))
}

// The session is told first: the page is made from it.
async function made({ serialized }) {
  await tellSession(window.cartId, serialized)
  const response = await fetch("/checkout", { credentials: "same-origin", signal: AbortSignal.timeout(patienceMs) })
  const page = new DOMParser().parseFromString(await response.text(), "text/html")
  const fresh = page.querySelector("[data-checkout]")
  if (!fresh) throw new Error(`/checkout answered ${response.status}`)
  return fresh
}

// The focus stays where it was, as far as that is still there.
function place(fresh, desk) {
  const had = desk.contains(document.activeElement) ? document.activeElement : null
  desk.replaceWith(fresh)
  if (had) (twin(fresh, had) ?? fresh.querySelector("h1")).focus()
  return fresh
}

function twin(fresh, { name, value, href }) {
  const controls = [...fresh.querySelectorAll("a, button:enabled")]
  return controls.find((other) => other.name === name && other.value === value && other.href === href)
}
