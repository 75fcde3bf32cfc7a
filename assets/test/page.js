// As much of an element as the dashboard's scripts need. querySelector finds every selector, unless
// a test says otherwise.
export class Element extends EventTarget {
  textContent = ""
  hidden = false
  disabled = false
  dataset = {}
  attributes = new Map()
  touched = 0
  parts = new Map()
  lists = {}

  querySelector(selector) {
    if (!this.parts.has(selector)) this.parts.set(selector, new Element())
    return this.parts.get(selector)
  }
  querySelectorAll = (selector) => this.lists[selector] ?? []
  getAttribute = (name) => this.attributes.get(name) ?? null
  setAttribute(name, value) {
    this.touched += 1
    this.attributes.set(name, value)
  }
  toggleAttribute = (name, on) => (on ? this.attributes.set(name, "") : this.attributes.delete(name))
  contains = (other) => [...this.parts.values()].includes(other)
  focus() {}
}

// The page's channel: a test calls tell to raise its events, and answers the page's pushes.
export class ChannelStub {
  state = "joined"
  listeners = {}
  pushes = []
  on = (event, listener) => (this.listeners[event] = listener)
  tell = (event, payload) => this.listeners[event](payload)
  push(event, payload) {
    const answers = {}
    this.pushes.push({ event, payload, answer: (how, what) => answers[how](what) })
    const receiving = { receive: (how, then) => ((answers[how] = then), receiving) }
    return receiving
  }
}

// Frames that come when a test wants them, as in a tab that is hidden.
export function holdFrames() {
  let frames = []
  globalThis.requestAnimationFrame = (frame) => frames.push(frame)
  return () => frames.splice(0).forEach((frame) => frame())
}
