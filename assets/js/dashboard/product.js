import { showSchedule } from "../countdown"
import { grouped } from "./numbers"
import { setText } from "./paint"
import { createSize } from "./size"

// One product with its sizes, and what can be done with it.
export function createProduct(element, thresholds) {
  const find = (name) => element.querySelector(`[data-${name}]`)
  const name = element.querySelector(".card__name")
  const state = find("state")
  const button = find("release")
  const sizes = [...element.querySelectorAll("[data-item-id]")].map((row) => createSize(row, thresholds))
  const all = { in_carts: find("all-in-carts"), available: find("all-available"), sold: find("all-sold") }

  let now = { released: element.dataset.released === "true" }

  function show(product, items) {
    if (product) showRelease((now = product))
    for (const size of sizes) size.show(items[size.id])
    for (const [key, node] of Object.entries(all)) {
      setText(node, grouped(sizes.reduce((sum, size) => sum + (items[size.id]?.[key] ?? 0), 0)))
    }
  }

  function showRelease({ released, release_at }) {
    element.dataset.released = String(released)
    setText(state, released ? "Released" : "Coming soon")
    showSchedule(element, released ? null : release_at)
    if (released && button === document.activeElement) name.focus() // what is hidden can't keep it
    button.hidden = released
  }

  return { element, id: element.dataset.productId, name: element.dataset.name, heading: name, sizes, show, now: () => now }
}
