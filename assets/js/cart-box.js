import { othersOf, showLine } from "./cart-line.js"
import { priceOf } from "./price.js"

// Shows a cart as the server knows it. Lines that stay are kept, so the focus stays where it is.
export function showCart(box, { items, missing, serialized }) {
  box.dataset.live = ""
  const list = box.querySelector("[data-cart-lines]")
  const shown = new Map([...list.children].map((line) => [Number(line.dataset.itemId), line]))
  const lines = items.map((item) => showLine(box, shown.get(item.id), item))
  const gone = [...shown.values()].filter((line) => !lines.includes(line))
  const focused = gone.find((line) => line.contains(document.activeElement))
  for (const line of gone) takeOut(box, line)
  lines.forEach((line, i) => list.children[i] === line || list.insertBefore(line, list.children[i] ?? null))

  lines.find((line) => focused && line.dataset.productId === focused.dataset.productId)?.focus()

  const token = box.querySelector("input[name=serialized_cart]")
  token.value = serialized
  token.disabled = items.length === 0
  const id = box.querySelector("form > input[name=cart_id]")
  id.value = window.cartId // for a browser that sends no cookie
  id.disabled = items.length === 0
  box.querySelector("[data-cart-subtotal]").textContent = priceOf(subtotal(items))
  box.toggleAttribute("data-empty", items.length === 0 && !missing)
  const note = box.querySelector("[data-cart-missing]")
  note.hidden = !missing
  note.querySelector("button").value = missing ?? ""
  showState(box, stateOf(items))
  const link = document.querySelector("[data-cart-link]")
  link.toggleAttribute("data-empty", items.length === 0)
  link.querySelector("[data-cart-count]").textContent = items.length
}

const buyable = ({ out_of_stock, released }) => released && !out_of_stock

// Returns the state of the whole cart, in the words of cartView.State in Go.
export function stateOf(items) {
  if (items.every(buyable)) return "all"
  if (items.some(buyable)) return "part"
  if (items.some((item) => !item.out_of_stock)) return "soon"
  return items.some((item) => othersOf(item).length > 0) ? "others" : "none"
}

function showState(box, state) {
  for (const words of box.querySelectorAll("[data-cart-when]")) {
    words.hidden = !words.dataset.cartWhen.split(" ").includes(state)
  }
}

// Of what can be bought now, in dollars.
export function subtotal(items) {
  const cents = items.filter(buyable).map((item) => Math.round(item.price_usd * 100))
  return cents.reduce((sum, price) => sum + price, 0) / 100
}

// The focus of a line that goes moves to the next one, else to the title. Another size of the shoe
// that took its place gets it in the end: the button of another shoe must not be what the next key
// presses.
function takeOut(box, line) {
  const focused = line.contains(document.activeElement)
  const next = line.nextElementSibling ?? line.previousElementSibling
  line.remove()
  if (focused) (next?.querySelector(".cart-item__remove") ?? box.querySelector("#cart-title")).focus()
}
