import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import { createStock } from "../js/dashboard/stock.js"
import { Element } from "./page.js"

let section
let cards
let stock
let focused
const more = () => !section.querySelector("[data-new-products]").hidden
const release = (card) => card.querySelector("[data-release]")
const rows = (card) => card.lists["[data-item-id]"]
const restock = (row) => row.querySelector("[data-restock]")
const badge = (card) => card.querySelector("[data-state]").textContent

function element(dataset, lists = {}) {
  return Object.assign(new Element(), { dataset, lists })
}

// Hop Man with the sizes 1 and 2, and Breezy Boost with 3.
beforeEach(() => {
  cards = [
    ["7", ["1", "2"]],
    ["8", ["3"]],
  ].map(([productId, ids]) =>
    element({ productId }, { "[data-item-id]": ids.map((itemId) => element({ itemId, size: itemId })) }),
  )
  section = element({ medium: "150", high: "500" }, { "[data-product-id]": cards })
  focused = null
  for (const card of cards) card.querySelector(".card__name").focus = () => (focused = card)
  globalThis.document = { activeElement: null }
  stock = createStock(section)
})

const item = (available, sold = 0) => ({ in_carts: 1, available, sold })
const items = { 1: item(20, 5), 2: item(400), 3: item(600) }
const products = { 7: { released: true, release_at: null }, 8: { released: false, release_at: null } }

test("sizes and their sums are what they are said to be", () => {
  stock.show({ items, products })
  const [row] = rows(cards[0])
  assert.deepEqual(
    ["available", "sold"].map((name) => row.querySelector(`[data-${name}]`).textContent),
    ["20", "5"],
  )
  assert.deepEqual(
    ["in-carts", "available", "sold"].map((name) => cards[0].querySelector(`[data-all-${name}]`).textContent),
    ["2", "420", "5"],
  )
  assert.deepEqual([badge(cards[0]), badge(cards[1])], ["Released", "Coming soon"])
  assert.deepEqual(
    [release(cards[0]).hidden, release(cards[1]).hidden, restock(row).hidden, more()],
    [true, false, false, false],
  )
})

test("what is released and has no pair left says so", () => {
  const none = { ...items, 1: item(0, 25), 2: item(0) }
  stock.show({ items: none, products })
  assert.deepEqual([badge(cards[0]), badge(cards[1])], ["Sold out", "Coming soon"])
  stock.show({ items: { ...none, 2: item(1) }, products })
  assert.deepEqual([badge(cards[0]), cards[0].attributes.has("data-sold-out")], ["Released", false])
})

test("products and sizes that the page has not are hinted at", () => {
  stock.show({ items: { ...items, 4: item(9) }, products })
  assert.equal(more(), true)
  stock.show({ items, products: { ...products, 9: { released: false } } })
  assert.equal(more(), true)
  stock.show({ items, products })
  assert.equal(more(), false)
})

test("what is gone can't be released or restocked, until it is back", () => {
  const buttons = () =>
    [restock(rows(cards[0])[0]), restock(rows(cards[0])[1]), restock(rows(cards[1])[0]), release(cards[1])].map(
      ({ hidden }) => hidden,
    )
  stock.show({ items, products })
  document.activeElement = release(cards[1])
  stock.show({ items: { 1: items[1] }, products: { 7: products[7] } })
  assert.deepEqual(
    [buttons(), badge(cards[1]), focused],
    [[false, true, true, true], "No longer in the shop", cards[1]],
  )
  stock.show({ items, products })
  assert.deepEqual([buttons(), badge(cards[1])], [[false, false, false, false], "Coming soon"])
  stock.show({ items, products: { 8: products[8] } })
  assert.deepEqual([buttons(), badge(cards[0])], [[true, true, false, false], "No longer in the shop"])
})

test("a node that has read no products yet says nothing about them", () => {
  stock.show({ items, products })
  stock.show({ items: {}, products: {} })
  assert.deepEqual(
    [badge(cards[0]), badge(cards[1]), release(cards[1]).hidden, restock(rows(cards[0])[0]).hidden],
    ["Released", "Coming soon", false, false],
  )
})

test("a button that waits for its order stays disabled", () => {
  const button = restock(rows(cards[0])[0])
  button.disabled = true
  stock.show({ items, products })
  assert.equal(button.disabled, true)
})
