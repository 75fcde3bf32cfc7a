import assert from "node:assert/strict"
import { test } from "node:test"
import { changeByForms, sendOnlyIfAnswered } from "../js/cart-forms.js"

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

test("a form is sent without a socket, unless the shop does not answer at all", async () => {
  for (const [answers, sent] of [
    [true, 1],
    [false, 0],
  ]) {
    let submit
    let prevented = 0
    globalThis.document = { addEventListener: (_, listener) => (submit = listener), querySelector: () => null }
    globalThis.fetch = async (_, { method }) => {
      assert.equal(method, "HEAD")
      if (!answers) throw new TypeError("no connection")
      return { ok: true }
    }
    sendOnlyIfAnswered({ lost: () => true })
    let done = 0
    const target = { getAttribute: () => "/cart/add" }
    const submitter = { form: target, getAttribute: () => null, setAttribute() {}, removeAttribute() {} }
    const event = { submitter, target, preventDefault: () => prevented++ }
    target.requestSubmit = (button) => {
      assert.equal(button, submitter)
      submit(event)
      done++
    }
    submit(event)
    await new Promise(setImmediate)
    assert.deepEqual([prevented, done], [1, sent])
  }
})
