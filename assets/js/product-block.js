import { countDown } from "./countdown"
import { describeSizes } from "./sizes"
import { say } from "./toast"

const parts = [
  ".product-listing__stage",
  ".product-listing__brand",
  ".product-listing__name",
  ".product-listing__color",
  ".product-listing__price",
  ".product-stock",
]
const price = ".product-listing__price"

// Shows a product as in the block that the server has made. Only what differs is replaced, so a
// page keeps its headings and the shopper's place.
export function showProduct(block, html) {
  const pushed = document.createRange().createContextualFragment(html)
  const fresh = pushed.querySelector(".product-listing")
  const name = block.querySelector(".product-listing__name").textContent.trim()
  if (!fresh) return showGone(block, name)

  const cost = block.querySelector(price).textContent
  const focused = block.contains(document.activeElement) ? document.activeElement : null
  block.dataset.shown = fresh.dataset.shown
  for (const part of parts) replace(block.querySelector(part), fresh.querySelector(part))
  const photos = block.querySelector("[data-photos]") // on the product's own page
  if (photos) replace(photos, pushed.querySelector("[data-photos]"))
  describeSizes(block)
  for (const time of block.querySelectorAll("[data-countdown]")) countDown(time)
  if (focused && !focused.isConnected) focusAgain(block, focused)

  const now = block.querySelector(price).textContent
  if (now !== cost) say(`${name} costs ${now} now.`, null, `price of ${block.dataset.productId}`)
}

// The name is a link on the shelf, and a heading alone on the product's own page.
function replace(old, now) {
  const own = old.matches(".product-listing__name") && !old.querySelector("a")
  if (own) old.textContent = now.textContent
  else if (!old.isEqualNode(now)) old.replaceWith(now)
}

function focusAgain(block, { value }) {
  const same = value && block.querySelector(`button[name=item_id][value="${value}"]:enabled`)
  const next = same || block.querySelector(".product-listing__name a, button[name=item_id]:enabled")
  ;(next || document.querySelector("#main")).focus()
}

function showGone(block, name) {
  const words = document.createElement("p")
  words.className = "product-stock__heading"
  words.textContent = "Not in the shop any more"
  const focused = block.contains(document.activeElement)
  block.querySelector(".product-stock").replaceChildren(words)
  block.dataset.shown = "gone" // should it come back, the join's reply brings it
  if (focused && !block.contains(document.activeElement)) document.querySelector("#main").focus()
  say(`${name} is not in the shop any more.`)
}
