import assert from "node:assert/strict"
import { test } from "node:test"
import { stateOf, subtotal } from "../js/cart-box.js"

const left = [{ item_id: 1, level: "low" }]
const shoe = (more) => ({ price_usd: 120.5, released: true, out_of_stock: false, ...more })
const soon = shoe({ released: false })
const out = shoe({ out_of_stock: true, sizes: left })
const gone = shoe({ out_of_stock: true })

test("the subtotal is of what can be bought now", () => {
  assert.equal(subtotal([shoe(), shoe(), soon, out, gone]), 241)
  assert.equal(subtotal([soon, out]), 0)
})

test("a cart is what its lines are", () => {
  for (const [items, state] of [
    [[], "all"],
    [[shoe(), shoe()], "all"],
    [[shoe(), soon, out], "part"],
    [[soon, out], "soon"],
    [[out, gone], "others"],
    [[gone], "none"],
    [[shoe({ released: false, out_of_stock: true })], "none"],
  ]) {
    assert.equal(stateOf(items), state)
  }
})
