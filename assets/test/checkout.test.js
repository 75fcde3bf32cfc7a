import assert from "node:assert/strict"
import { beforeEach, mock, test } from "node:test"
import { keepCheckout } from "../js/checkout.js"

let said
let underway
let settle
let show

mock.timers.enable({ apis: ["setTimeout"] })
beforeEach(() => {
  said = []
  underway = false
  const toast = {
    children: [],
    querySelectorAll: () => [],
    prepend: ({ textContent }) => said.push(textContent),
    setAttribute() {},
    removeAttribute() {},
  }
  globalThis.document = {
    querySelector: () => toast,
    querySelectorAll: () => [],
    createElement: () => ({ dataset: {}, remove() {} }),
  }
  const line = { dataset: { line: "3 12000 false true false []" } }
  const forms = { underway: () => underway, onSettled: (callback) => (settle = callback) }
  show = keepCheckout({ querySelectorAll: () => [line] }, forms)
})

const shoe = (more) => ({ id: 3, price_usd: 120, out_of_stock: false, released: true, ...more })
const changed = ["Your cart has changed. Here it is as it is now."]

test("a cart that changes is told of", () => {
  show({ items: [shoe()] }, false)
  assert.deepEqual(said, [])
  show({ items: [] }, false)
  assert.deepEqual(said, changed)
})

test("what a purchase changes is not told of while it is under way", () => {
  show({ items: [shoe()] }, false)
  underway = true
  show({ items: [shoe({ out_of_stock: true })] }, false)
  show({ items: [] }, false)
  assert.deepEqual(said, [])
})

test("a cart that changed during a purchase that came to nothing is told of after it", () => {
  underway = true
  show({ items: [] }, false)
  underway = false
  settle()
  assert.deepEqual(said, changed)
})
