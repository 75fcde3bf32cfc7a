import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import { createKeptCart } from "../js/kept-cart.js"

const key = "storedCart"
const shoes = [{ id: 2 }]
let storage

beforeEach(() => {
  storage = new Map()
  globalThis.window = {
    localStorage: {
      getItem: (name) => storage.get(name) ?? null,
      setItem: (name, value) => storage.set(name, value),
      removeItem: (name) => storage.delete(name),
    },
  }
})

function joined() {
  const cart = createKeptCart()
  cart.tell()
  return cart
}

test("what the tab brought is not news, what others have added to it is", () => {
  storage.set(key, "old")
  assert.equal(joined().keep({ items: shoes, serialized: "old" }), false)
  assert.equal(joined().keep({ items: shoes, serialized: "merged" }), true)
  assert.equal(storage.get(key), "merged")
})

test("an empty cart is kept only in place of another one", () => {
  assert.equal(joined().keep({ items: [], serialized: "empty" }), false)
  assert.equal(storage.has(key), false)
  storage.set(key, "expired")
  assert.equal(joined().keep({ items: [], serialized: "empty" }), true)
  assert.equal(storage.get(key), "empty")
})

test("another line of the same shoe is news, the same cart with a shoe sold out is not", () => {
  const cart = joined()
  cart.keep({ items: shoes, serialized: "one" })
  storage.set(key, "the same, from another tab")
  assert.equal(cart.keep({ items: shoes, serialized: "one" }), false)
  assert.equal(cart.keep({ items: shoes, serialized: "two" }), true)
  assert.equal(storage.get(key), "two")
})

test("a tab that joins anew has no news of what it then brought", () => {
  const cart = joined()
  cart.keep({ items: shoes, serialized: "one" })
  storage.set(key, "the same, from another tab")
  cart.tell()
  assert.equal(cart.keep({ items: shoes, serialized: "the same, from another tab" }), false)
})

test("what the session cannot read is forgotten, unless another tab has kept something since", () => {
  storage.set(key, "expired")
  const cart = createKeptCart()
  cart.agree(null, "expired")
  assert.equal(storage.has(key), false)
  storage.set(key, "new")
  cart.agree(null, "expired")
  assert.equal(storage.get(key), "new")
  cart.agree("merged", "new")
  assert.equal(storage.get(key), "merged")
})

test("where storage is forbidden, the page keeps its cart by itself", () => {
  Object.defineProperty(globalThis.window, "localStorage", { get: () => assert.fail("SecurityError") })
  const cart = joined()
  cart.keep({ items: shoes, serialized: "one" })
  assert.equal(cart.tell(), "one")
  cart.agree(null, "one")
  assert.equal(cart.tell(), null)
})
