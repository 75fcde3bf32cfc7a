import assert from "node:assert/strict"
import { beforeEach, mock, test } from "node:test"
import { dismissByKey, offer, say, silence } from "../js/toast.js"

// As much of an element as a toast needs.
class Element {
  children = []
  dataset = {}
  listeners = {}
  isConnected = true
  append(...more) {
    this.children.push(...more)
    this.adopt(more)
  }
  prepend(...more) {
    this.children.unshift(...more)
    this.adopt(more)
  }
  adopt(more) {
    for (const child of more) child.remove = () => (this.children = this.children.filter((other) => other !== child))
  }
  querySelectorAll(selector) {
    if (selector === ":scope > *") return this.children
    return this.children.filter((child) => (selector === "[data-offer]") === "offer" in child.dataset)
  }
  querySelector = (selector) => this.querySelectorAll(selector)[0]
  contains(other) {
    return other != null && (other === this || this.children.some((child) => child.contains(other)))
  }
  addEventListener(name, listener) {
    this.listeners[name] = listener
  }
  focus() {
    document.activeElement = this
  }
  closest = () => null
  rect = [0, 1]
  getBoundingClientRect = () => ({ top: this.rect[0], bottom: this.rect[1], left: 0, right: 1 })
  attributes = new Map()
  removeAttribute = (name) => this.attributes.delete(name)
  setAttribute = (name, value) => this.attributes.set(name, value)
}

let toast
let controls = []
const main = new Element()
const size = new Element()
const words = () => toast.children.map((child) => child.textContent ?? child.children[0].textContent)
const no = () => toast.querySelector("[data-offer]").children.find((child) => child.textContent === "Leave it")
const swap = { itemId: 3, words: "Swap" }

mock.timers.enable({ apis: ["setTimeout"] })
beforeEach(() => {
  toast = new Element()
  size.disabled = false
  globalThis.document = {
    activeElement: null,
    querySelector: (selector) => (selector === "#main" ? main : toast),
    querySelectorAll: (selector) => (selector.includes("button") ? controls : []),
    createElement: () => new Element(),
    addEventListener: (_, listener) => (document.keys = listener),
  }
})

test("what happens at once is said together, for a while", () => {
  for (const n of ["1", "2", "3", "4"]) say(n)
  assert.deepEqual(words(), ["4", "3", "2"])
  say("3")
  assert.deepEqual(words(), ["3", "4", "2"])
  mock.timers.tick(6000)
  assert.deepEqual(words(), [])
})

test("a choice outlasts the news, until another is offered", () => {
  offer("Swap?", swap, size)
  say("news")
  mock.timers.tick(60000)
  assert.deepEqual(words(), ["Swap?"])
  offer("Swap for that?", swap, size)
  assert.deepEqual(words(), ["Swap for that?"])
  silence()
  assert.deepEqual(words(), [])
})

test("Escape dismisses a choice, and nothing else does", () => {
  dismissByKey()
  say("news")
  offer("Swap?", swap, size)
  document.keys({ key: "a" })
  assert.deepEqual(words(), ["news", "Swap?"])
  document.keys({ key: "Escape" })
  assert.deepEqual(words(), ["news"])
})

test("the focus goes back to the size, or to the page when that is out", () => {
  for (const [disabled, goes] of [
    [false, size],
    [true, main],
  ]) {
    size.disabled = disabled
    offer("Swap?", swap, size)
    no().focus()
    no().listeners.click()
    assert.deepEqual(words(), [])
    assert.equal(document.activeElement, goes)
  }
})

test("who has the focus elsewhere keeps it", () => {
  const elsewhere = new Element()
  elsewhere.focus()
  offer("Swap?", swap, size)
  silence()
  assert.equal(document.activeElement, elsewhere)
})

test("of one subject only the latest is said", () => {
  say("Hop Man 3, size 9 is in your cart.", null, "Hop Man 3, size 9")
  say("Hop Man 3, size 8 is in your cart.", null, "Hop Man 3, size 8")
  say("Hop Man 3, size 9 just sold out.", null, "Hop Man 3, size 9")
  assert.deepEqual(words(), ["Hop Man 3, size 9 just sold out.", "Hop Man 3, size 8 is in your cart."])
})

// The toast is at 600 to 700, at 50 to 150 when it went to the other end, and at 0 to 40 in the
// header.
const places = { end: [50, 150], header: [0, 40] }

function placed(rect) {
  const element = new Element()
  element.rect = rect
  return element
}

function sayAbout(line) {
  toast = placed([600, 700])
  const { setAttribute, removeAttribute } = toast
  toast.setAttribute = (name, value) => setAttribute(name, value, (toast.rect = places[value]))
  toast.removeAttribute = (name) => removeAttribute(name, (toast.rect = [600, 700]))
  const part = new Element()
  part.closest = () => line && placed(line)
  say("news", line && part)
  return toast.attributes.get("data-aside") ?? ""
}

test("it goes aside from what it is about, to where it covers the least of it", () => {
  controls = []
  for (const [line, aside] of [
    [[200, 300], ""],
    [[620, 680], "end"],
    [[45, 690], "header"],
    [[0, 650], "header"],
    [[0, 610], ""],
  ]) {
    assert.equal(sayAbout(line), aside, String(line))
  }
})

test("it covers no button, unless it would cover what it is about", () => {
  controls = [placed([650, 680])]
  assert.equal(sayAbout(null), "end")
  controls.push(placed([100, 120]))
  assert.equal(sayAbout(null), "header")
  assert.equal(sayAbout([0, 150]), "")
  controls = []
})

test("what is said next leaves what was said in its place", () => {
  controls = []
  sayAbout([620, 680])
  say("more")
  assert.equal(toast.attributes.get("data-aside"), "end")
})
