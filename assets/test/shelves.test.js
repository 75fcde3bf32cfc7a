import assert from "node:assert/strict"
import { test } from "node:test"
import { nameShelves } from "../js/shelves.js"

// A title on a shelf of products that are released or not; null is a title that has no shelf.
function titled(released) {
  const products = (released ?? []).map((is) => ({ querySelector: () => (is ? {} : null) }))
  const title = { dataset: { whenOn: "on" }, textContent: "soon", style: {}, offsetHeight: 54 }
  title.closest = () => ({ querySelectorAll: () => products })
  return { title, products }
}

function page(titles, buyable) {
  globalThis.document = {
    querySelectorAll: () => titles,
    querySelector: () => (buyable ? {} : null),
  }
}

test("a shelf is on when all its products are released", () => {
  for (const [released, words] of [
    [[false, false], "soon"],
    [[true, false], "soon"],
    [[true, true], "on"],
  ]) {
    const { title } = titled(released)
    page([title], true)
    nameShelves()
    assert.equal(title.textContent, words, String(released))
  }
})

test("words without a shelf go by what can be bought, and back, at the height that they had", () => {
  const { title } = titled(null)
  for (const [buyable, words] of [
    [false, "soon"],
    [true, "on"],
    [false, "soon"],
  ]) {
    page([title], buyable)
    nameShelves()
    assert.equal(title.textContent, words)
  }
  assert.equal(title.style.minHeight, "54px")
})
