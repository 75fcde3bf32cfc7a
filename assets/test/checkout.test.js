import assert from "node:assert/strict"
import { beforeEach, mock, test } from "node:test"
import { keepCheckout } from "../js/checkout.js"
import { at, boxOnAPage } from "./message-box.js"

let box
let underway
let settle
let show

mock.timers.enable({ apis: ["setTimeout"] })
beforeEach(() => {
  box = boxOnAPage()
  underway = false
  const line = { dataset: { line: "3 12000 false true false []" } }
  const forms = { underway: () => underway, onSettled: (callback) => (settle = callback) }
  show = keepCheckout({ querySelectorAll: () => [line] }, forms)
})

const shoe = (more) => ({ id: 3, price_usd: 120, out_of_stock: false, released: true, ...more })
const changed = ["Your cart has changed. Here it is as it is now."]

test("a cart that changes is told of", () => {
  show({ items: [shoe()] }, false)
  assert.deepEqual(at(box, "bottom"), [])
  show({ items: [] }, false)
  assert.deepEqual(at(box, "bottom"), changed)
})

test("a price that changes is told of as one", () => {
  show({ items: [shoe()] }, false)
  show({ items: [shoe({ price_usd: 130 })] }, false)
  assert.deepEqual(at(box, "bottom"), ["A price has changed. Look at the new total before you buy."])
})

test("what a purchase changes is not told of while it is under way", () => {
  show({ items: [shoe()] }, false)
  underway = true
  show({ items: [shoe({ out_of_stock: true })] }, false)
  show({ items: [] }, false)
  assert.deepEqual(at(box, "bottom"), [])
})

test("a cart that changed during a purchase that came to nothing is told of after it", () => {
  underway = true
  show({ items: [] }, false)
  underway = false
  settle()
  assert.deepEqual(at(box, "bottom"), changed)
})
