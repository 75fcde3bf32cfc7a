import assert from "node:assert/strict"
import { test } from "node:test"
import { changeByForms } from "../js/cart-forms.js"

test("a form that no button sends stays a form", () => {
  let submit
  globalThis.document = { addEventListener: (_, listener) => (submit = listener), querySelector: () => null }
  const pushed = []
  changeByForms({ ready: () => true, line: () => undefined, push: (event) => pushed.push(event) })
  for (const action of ["/cart/add", "/cart/remove"]) {
    let prevented = false
    const target = { getAttribute: () => action, closest: () => null }
    submit({ submitter: null, target, preventDefault: () => (prevented = true) })
    assert.equal(prevented, false, action)
  }
  assert.deepEqual(pushed, [])
})
