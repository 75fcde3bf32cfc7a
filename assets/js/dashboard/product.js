import { showSchedule } from "../countdown.js"
import { grouped } from "./numbers.js"
import { setText } from "./paint.js"
import { createSize } from "./size.js"

// One product with its sizes, and what can be done with it.
export function createProduct(element, thresholds) {
  const find = (name) => element.querySelector(`[data-${name}]`)
  const name = element.querySelector(".card__name")
  const state = find("state")
  const button = find("release")
  const sizes = [...element.querySelectorAll("[data-item-id]")].map((row) => createSize(row, thresholds))
  const all = { in_carts: find("all-in-carts"), available: find("all-available"), sold: find("all-sold") }

  let now = { released: element.dataset.released === "true" }

  // With isAll, product and items are all that there is: the rest is gone.
  function show(product, items, isAll) {
    if (product) showRelease((now = product))
    else if (isAll) showGone()
    for (const size of sizes) {
      size.show(items[size.id])
      hide(size.button, isAll && !(product && items[size.id]))
    }
    const soldOut = now.released && sizes.length > 0 && sizes.every((size) => size.now.available <= 0)
    element.toggleAttribute("data-sold-out", soldOut)
    if (product) setText(state, stateOf(now, soldOut))
    for (const [key, node] of Object.entries(all)) {
      setText(node, grouped(sizes.reduce((sum, size) => sum + (items[size.id]?.[key] ?? 0), 0)))
    }
  }

  function showRelease({ released, release_at }) {
    element.dataset.released = String(released)
    showSchedule(element, released ? null : release_at)
    hide(button, released)
  }

  function showGone() {
    now = { released: false }
    element.dataset.released = "false"
    setText(state, "No longer in the shop")
    showSchedule(element, null)
    hide(button, true)
  }

  function hide(button, isHidden) {
    if (button.hidden === isHidden) return
    if (isHidden && button === document.activeElement) name.focus() // what is hidden can't keep it
    button.hidden = isHidden
  }

  return {
    element,
    id: element.dataset.productId,
    name: element.dataset.name,
    heading: name,
    sizes,
    show,
    now: () => now,
  }
}

function stateOf({ released, paused }, soldOut) {
  if (paused) return "Paused"
  if (!released) return "Coming soon"
  return soldOut ? "Sold out" : "Released"
}
