import { levelOf, shareOf } from "./levels.js"
import { grouped } from "./numbers.js"
import { setAttribute, setText } from "./paint.js"

const unknown = { in_carts: 0, available: 0, sold: 0 }

// One size: how many carts hold it, and what is left of it.
export function createSize(row, thresholds) {
  const [left, sold] = ["available", "sold"].map((name) => row.querySelector(`[data-${name}]`))
  const carts = row.querySelector("[id^=admin-item-cart-count]")
  const bar = row.querySelector("rect")
  const button = row.querySelector("[data-restock]")
  const size = { row, button, id: row.dataset.itemId, name: row.dataset.size, now: unknown, show }

  function show(item = unknown) {
    size.now = item
    setText(carts, grouped(item.in_carts ?? 0))
    setText(left, grouped(item.available))
    setText(sold, grouped(item.sold))
    setAttribute(row, "data-level", levelOf(item.available, thresholds))
    setAttribute(bar, "width", String(shareOf(item)))
  }

  return size
}
