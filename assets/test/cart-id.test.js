import assert from "node:assert/strict"
import { test } from "node:test"
import { agreeOnCartId } from "../js/cart-id.js"

// A tab sees what another tab writes when it is told of it, and not before: browsers promise no
// more.
class Tab {
  kept = new Map()
  heard = []
  listeners = []
  id = null

  constructor(given) {
    this.given = given
    this.localStorage = {
      getItem: (key) => this.kept.get(key) ?? null,
      setItem: (key, value) => {
        if (this.kept.get(key) === value) return
        this.kept.set(key, value)
        for (const tab of this.others) tab.heard.push({ key, newValue: value })
      },
    }
  }

  addEventListener(_, listener) {
    this.listeners.push(listener)
  }

  open() {
    globalThis.window = this
    this.id = agreeOnCartId(this.given, (id) => (this.id = id))
  }

  hear() {
    globalThis.window = this
    const event = this.heard.shift()
    this.kept.set(event.key, event.newValue)
    for (const listener of this.listeners) listener(event)
  }
}

const idOf = (n) => String(n).repeat(64).slice(0, 64)

function browser(...given) {
  const tabs = given.map((n) => new Tab(idOf(n)))
  for (const tab of tabs) tab.others = tabs.filter((other) => other !== tab)
  return tabs
}

test("tabs that open at once agree, whatever they hear first", () => {
  for (let round = 0; round < 2000; round += 1) {
    const tabs = browser(...[1, 2, 3].sort(() => Math.random() - 0.5))
    const todo = [...tabs]
    for (;;) {
      const hearing = tabs.filter((tab) => tab.id && tab.heard.length > 0)
      const steps = [
        ...todo.map((tab) => () => todo.splice(todo.indexOf(tab), 1)[0].open()),
        ...hearing.map((tab) => () => tab.hear()),
      ]
      if (steps.length === 0) break
      steps[Math.floor(Math.random() * steps.length)]()
    }
    assert.equal(new Set(tabs.map(({ id }) => id)).size, 1)
  }
})

test("a tab that comes later takes the name that is in use", () => {
  const [first, later] = browser(2, 1)
  first.open()
  later.kept = new Map(first.kept)
  later.heard = []
  later.open()
  assert.equal(later.id, idOf(2))
})

test("without an id there is none, and what is none is not taken", () => {
  const [tab] = browser(1)
  tab.given = undefined
  tab.open()
  assert.equal(tab.id, null)
  const [other] = browser(1)
  other.kept.set("sneakers23.cartId", "<script>")
  other.open()
  assert.equal(other.id, idOf(1))
  other.heard.push({ key: "sneakers23.cartId", newValue: "0" }, { key: "else", newValue: idOf(0) })
  other.hear()
  other.hear()
  assert.equal(other.id, idOf(1))
})
