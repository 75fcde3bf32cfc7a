import assert from "node:assert/strict"
import { test } from "node:test"
import { carefulStorage } from "../js/storage.js"

const forbidden = Object.defineProperty({}, "localStorage", { get: () => assert.fail("SecurityError") })
const full = {
  localStorage: { getItem: () => "old", setItem: () => assert.fail("QuotaExceededError"), removeItem() {} },
}
const missing = { localStorage: null }

for (const [name, browser] of Object.entries({ forbidden, full, missing })) {
  test(`storage that is ${name} throws nothing, and the page remembers by itself`, () => {
    globalThis.window = browser
    const storage = carefulStorage("localStorage")
    assert.equal(storage.getItem("key"), browser === full ? "old" : null)
    storage.setItem("key", "new")
    assert.equal(storage.getItem("key"), "new")
    storage.removeItem("key")
    assert.equal(storage.getItem("key"), browser === full ? "old" : null)
  })
}

test("what others write to a storage that works is seen", () => {
  const items = new Map()
  globalThis.window = {
    localStorage: {
      getItem: (key) => items.get(key) ?? null,
      setItem: (key, value) => items.set(key, value),
      removeItem: (key) => items.delete(key),
    },
  }
  const storage = carefulStorage("localStorage")
  storage.setItem("key", "ours")
  items.set("key", "theirs")
  assert.equal(storage.getItem("key"), "theirs")
  storage.removeItem("key")
  assert.equal(storage.getItem("key"), null)
})
