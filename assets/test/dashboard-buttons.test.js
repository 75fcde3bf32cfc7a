import assert from "node:assert/strict"
import { beforeEach, mock, test } from "node:test"
import { releaseByButton } from "../js/dashboard/release.js"
import { restockByButton } from "../js/dashboard/restock.js"
import { ChannelStub, Element } from "./page.js"

class Field extends Element {
  defaultValue = "50"
  value = "50"
  select() {}
  get valueAsNumber() {
    return Number(this.value)
  }
  get validity() {
    return { valid: this.valueAsNumber > 0 }
  }
}

class Dialog extends Element {
  open = false
  constructor() {
    super()
    this.parts.set("input", new Field())
  }
  showModal = () => (this.open = true)
  close = () => (this.open = false)
}

class Button extends Element {
  constructor(name) {
    super()
    this.closest = (selector) => (selector === `[data-${name}]` ? this : null)
  }
}

let dialog
let channel
let section
let card
const field = () => dialog.querySelector("input")
const words = () => dialog.querySelector("[data-words]").textContent
const confirm = () => dialog.querySelector("form").dispatchEvent(new Event("submit", { cancelable: true }))

mock.timers.enable({ apis: ["setTimeout"] })
beforeEach(() => {
  globalThis.document = { querySelector: () => null } // no toast
  dialog = new Dialog()
  channel = new ChannelStub()
  section = new Element()
  const sizes = ["9", "9.5"].map((name, i) => {
    const opener = new Button("restock")
    return {
      id: String(41 + i),
      name,
      now: { available: 20 + i, sold: 2 },
      opener,
      row: { contains: (other) => other === opener },
    }
  })
  card = { id: "7", name: "Hop Man 3", sizes, heading: new Element(), now: () => ({ released: false }) }
})

function click(target) {
  const event = new Event("click")
  Object.defineProperty(event, "target", { value: target })
  section.dispatchEvent(event)
}

function type(count) {
  field().value = count
  field().dispatchEvent(new Event("input"))
}

test("a product is released by its id", () => {
  releaseByButton(dialog, { section, card: () => card }, channel)
  click(new Button("release"))
  assert.match(words(), /^41 pairs in 2 sizes go on sale/)
  confirm()
  assert.deepEqual(
    channel.pushes.map(({ event, payload }) => [event, payload]),
    [["release", { product_id: 7 }]],
  )
})

test("a size is restocked with as many pairs as were asked for, and the next begins anew", () => {
  restockByButton(dialog, { section, card: () => card }, channel)
  click(card.sizes[1].opener)
  type("7")
  confirm()
  channel.pushes[0].answer("ok", {})
  assert.equal(dialog.open, false)
  click(card.sizes[0].opener)
  assert.equal(field().value, "50")
  assert.match(words(), /^20 pairs left now, 70 with these/)
  confirm()
  assert.deepEqual(
    channel.pushes.map(({ event, payload }) => [event, payload]),
    [
      ["restock", { item_id: 42, count: 7 }],
      ["restock", { item_id: 41, count: 50 }],
    ],
  )
})

test("what is left is told anew while it sells, until that is confirmed", () => {
  const retell = restockByButton(dialog, { section, card: () => card }, channel)
  retell()
  assert.equal(words(), "", "nothing is open")
  const [size] = card.sizes
  click(size.opener)
  type("5")
  assert.match(words(), /^20 pairs left now, 25 with these/)
  size.now = { available: 1000, sold: 2 }
  retell()
  assert.match(words(), /^1,000 pairs left now, 1,005 with these/)
  type("")
  assert.equal(words(), "1,000 pairs left now.")
  type("5")
  confirm()
  size.now = { available: 1005, sold: 2 } // it is done, and a node lags
  retell()
  assert.match(words(), /^1,000 pairs left now, 1,005 with these/)
  channel.pushes[0].answer("error", { reason: "No database." })
  assert.match(words(), /^1,005 pairs left now, 1,010 with these/)
})

test("far more pairs than there were are asked about, and added when that is confirmed once more", () => {
  const retell = restockByButton(dialog, { section, card: () => card }, channel)
  const status = () => dialog.querySelector("[data-status]").textContent
  const button = () => dialog.querySelector("[data-confirm]").textContent
  click(card.sizes[0].opener)
  type("221")
  confirm()
  assert.match(status(), /^221 pairs are more than 10 times what this size ever had: 22\./)
  assert.equal(button(), "Yes, add them")
  retell()
  assert.match(status(), /^221 pairs/, "the question stays while others buy")

  type("220")
  assert.equal(status(), "", "another number is another matter")
  assert.equal(button(), "Add them")
  type("5000")
  confirm()
  assert.equal(channel.pushes.length, 0)
  confirm()
  assert.deepEqual(
    channel.pushes.map(({ payload }) => payload),
    [{ item_id: 41, count: 5000 }],
  )
})
