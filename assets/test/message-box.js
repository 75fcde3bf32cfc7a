// As much of an element as the page's messages need. A stack is at a place of the window, and so is
// what stands in it.
export class Part {
  children = []
  dataset = {}
  style = {}
  listeners = {}
  parentElement = null
  isConnected = true
  get lastElementChild() {
    return this.children.at(-1)
  }
  append(...more) {
    for (const child of more) {
      child.remove()
      child.parentElement = this
      this.children.push(child)
    }
  }
  remove() {
    if (!this.parentElement) return
    this.parentElement.children = this.parentElement.children.filter((other) => other !== this)
    this.parentElement = null
  }
  replaceWith(other) {
    const { children } = this.parentElement
    children[children.indexOf(this)] = other
    other.parentElement = this.parentElement
    this.parentElement = null
  }
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
  at = null // from and to where, of the window's height
  getBoundingClientRect() {
    const [top, bottom] = this.at ?? spaceIn(this.parentElement, this)
    return { top, bottom, left: 0, right: 1 }
  }
}

// The first space of each stack; the next one is beyond it.
const places = { bottom: [600, 700], top: [50, 150], header: [0, 40] }

function spaceIn(stack, card) {
  const [from, to] = places[stack.dataset.at]
  const beyond = (stack.dataset.at === "bottom" ? from - to : to - from) * stack.children.indexOf(card)
  return [from + beyond, to + beyond]
}

export const main = new Part()

// A page with a box for messages, and with these things that can be pressed.
export function boxOnAPage(pressed = []) {
  const box = new Part()
  box.dataset.toast = "bottom top header"
  globalThis.getComputedStyle = () => ({ display: "flex" })
  globalThis.document = {
    activeElement: null,
    querySelector: (selector) => (selector === "#main" ? main : box),
    querySelectorAll: (selector) => (selector.includes("button") ? pressed : []),
    createElement: () => new Part(),
    addEventListener: (_, listener) => (document.keys = listener),
  }
  return box
}

// Returns the messages at a place, the oldest first; null is a space that is kept.
export function at(box, place) {
  const stack = box.children.find(({ dataset }) => dataset.at === place)
  return (stack?.children ?? []).map((card) =>
    "gone" in card.dataset ? null : (card.textContent ?? card.children[0].textContent),
  )
}
