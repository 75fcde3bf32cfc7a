import assert from "node:assert/strict"
import { test } from "node:test"
import { showLastOrder } from "../js/last-order.js"

test("shows the way to the last order if there is one", () => {
  const number = { textContent: "" }
  const link = { hidden: true, querySelector: () => number }
  globalThis.document = { querySelector: (selector) => (selector === "[data-last-order]" ? link : null) }
  for (const none of [null, undefined, ""]) showLastOrder(none)
  assert.ok(link.hidden)
  showLastOrder("K7QF-2M9D")
  assert.deepEqual([link.hidden, number.textContent], [false, "K7QF-2M9D"])
  globalThis.document = { querySelector: () => null }
  showLastOrder("K7QF-2M9D")
})
