import assert from "node:assert/strict"
import { beforeEach, mock, test } from "node:test"
import { watchForms } from "../js/sending.js"

class Button {
  textContent = "Purchase"
  getAttribute = () => null
  attributes = new Map()
  setAttribute = (name, value) => this.attributes.set(name, value)
  removeAttribute = (name) => this.attributes.delete(name)
  get look() {
    return [this.textContent, this.attributes.get("aria-busy") ?? "idle"]
  }
}

let button
let forms

mock.timers.enable({ apis: ["setTimeout"] })
beforeEach(() => {
  globalThis.document = { querySelector: () => null }
  globalThis.window = Object.assign(new EventTarget(), { navigation: new EventTarget() })
  button = new Button()
  forms = watchForms()
})

// submit tells whether the form goes its way.
function submit({ submitter = button, action = "/checkout", before = () => {} } = {}) {
  const event = new Event("submit", { cancelable: true })
  Object.defineProperties(event, { submitter: { value: submitter }, target: { value: { getAttribute: () => action } } })
  before(event)
  return window.dispatchEvent(event)
}

test("one form is on its way at a time, and says so after a second", () => {
  assert.equal(submit(), true)
  assert.equal(submit(), false)
  assert.equal(submit({ submitter: new Button() }), false)
  assert.deepEqual(button.look, ["Purchase", "true"])
  mock.timers.tick(1000)
  assert.deepEqual(button.look, ["Buying…", "true"])
  assert.equal(forms.underway(), true)
})

test("a form that was stopped leaves everything as it was", () => {
  let settled = 0
  forms.onSettled(() => (settled += 1))
  for (const [after, stop] of [
    [10, () => window.navigation.dispatchEvent(new Event("navigateerror"))],
    [2000, () => window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }))],
    [2000, () => mock.timers.tick(13_000)],
  ]) {
    assert.equal(submit(), true)
    mock.timers.tick(after)
    stop()
    assert.deepEqual(button.look, ["Purchase", "idle"])
    assert.equal(forms.underway(), false)
  }
  assert.equal(settled, 3)
})

test("a form that a script keeps back is not on its way", () => {
  submit({ before: (event) => event.preventDefault() })
  assert.equal(forms.underway(), false)
  assert.deepEqual(button.look, ["Purchase", "idle"])
})

test("a form without words for it keeps its own", () => {
  submit({ action: "/cart/remove" })
  mock.timers.tick(15_000)
  assert.deepEqual(button.look, ["Purchase", "idle"])
})
