import assert from "node:assert/strict"
import { beforeEach, mock, test } from "node:test"
import { createOrder, laggards } from "../js/dashboard/order.js"
import { wordsFor } from "../js/dashboard/release.js"
import { at, boxOnAPage } from "./message-box.js"

// As much of an element as an order needs.
class Element extends EventTarget {
  disabled = false
  hidden = false
  textContent = ""
  trouble = false
  focus = () => (focused = this)
  toggleAttribute = (_, on) => (this.trouble = on)
}

class Dialog extends Element {
  open = false
  parts = Object.fromEntries(
    ["title", "words", "status", "cancel", "confirm"].map((name) => [`[data-${name}]`, new Element()]),
  )
  form = new Element()
  querySelector = (selector) => (selector === "form" ? this.form : this.parts[selector])
  showModal = () => (this.open = true)
  close() {
    this.open = false
    this.dispatchEvent(new Event("close"))
  }
}

// the page's channel: a test answers the last push
class ChannelStub {
  state = "joined"
  pushes = []
  push(event, payload, ms) {
    const answers = {}
    this.pushes.push({ event, payload, ms, answer: (how, what) => answers[how](what) })
    const receiving = { receive: (how, then) => ((answers[how] = then), receiving) }
    return receiving
  }
}

let focused
let box
let dialog
let channel
let order
let opener
const said = () => at(box, "bottom")
const otherwise = new Element()
const part = (name) => dialog.parts[`[data-${name}]`]
const confirm = () => dialog.form.dispatchEvent(new Event("submit", { cancelable: true }))
const answer = (how, what) => channel.pushes.at(-1).answer(how, what)
const aRelease = (more) => ({
  title: "Release?",
  words: () => "At once.",
  confirm: "Release now",
  busy: "Releasing…",
  event: "release",
  payload: () => ({ product_id: 1 }),
  done: () => "It is released.",
  opener,
  otherwise,
  ...more,
})

mock.timers.enable({ apis: ["setTimeout"] })
beforeEach(() => {
  focused = null
  box = boxOnAPage()
  dialog = new Dialog()
  channel = new ChannelStub()
  opener = new Element()
  order = createOrder(dialog, channel)
  order.open(aRelease())
})

test("nothing is done before it is confirmed", () => {
  assert.deepEqual([part("title").textContent, part("words").textContent, dialog.open], ["Release?", "At once.", true])
  part("cancel").dispatchEvent(new Event("click"))
  assert.deepEqual([dialog.open, channel.pushes], [false, []])
})

test("it says that it waits, and is done once", () => {
  confirm()
  confirm()
  assert.equal(channel.pushes.length, 1)
  const { event, payload, ms } = channel.pushes[0]
  assert.deepEqual([event, payload], ["release", { product_id: 1 }])
  assert.ok(ms > 10_000, "a server that waits ten seconds for its nodes is not too late")
  assert.deepEqual([part("confirm").textContent, part("confirm").disabled, opener.disabled], ["Releasing…", true, true])
  assert.match(part("status").textContent, /Waiting/)
  assert.deepEqual([focused, part("cancel").textContent], [part("cancel"), "Close"])
  answer("ok", { not_shown_by: ["node2", "node3"] })
  assert.deepEqual([dialog.open, opener.disabled], [false, false])
  assert.deepEqual(said(), ["It is released. Not shown yet by node2, node3: it comes there by itself."])
})

test("what went wrong stays there, and can be tried again", () => {
  for (const [how, what, words] of [
    ["error", { reason: "No database." }, /^No database\.$/],
    ["error", {}, /refused/],
    ["timeout", undefined, /No answer came/],
  ]) {
    confirm()
    answer(how, what)
    assert.match(part("status").textContent, words)
    assert.deepEqual(
      [dialog.open, part("status").trouble, part("confirm").disabled, opener.disabled],
      [true, true, false, false],
    )
  }
  confirm()
  assert.equal(part("status").trouble, false)
  answer("ok", {})
  assert.deepEqual(said(), ["It is released."])
})

test("without a connection nothing is sent, now or later", () => {
  channel.state = "errored"
  confirm()
  assert.deepEqual([channel.pushes.length, part("status").trouble, part("confirm").disabled], [0, true, false])
})

test("who does not wait is told all the same, and what is open then is left alone", () => {
  confirm()
  dialog.close()
  order.open(aRelease({ title: "Another?" }))
  answer("error", { reason: "No database." })
  assert.deepEqual(said(), ["No database."])
  assert.deepEqual(
    [dialog.open, part("title").textContent, part("status").textContent, part("confirm").disabled],
    [true, "Another?", "", false],
  )
})

test("the focus goes elsewhere when the button can't have it", () => {
  dialog.close()
  assert.equal(focused, null, "the browser gives it back to the button")
  for (const why of ["hidden", "disabled"]) {
    opener = new Element()
    order.open(aRelease())
    opener[why] = true
    dialog.close()
    assert.equal(focused, otherwise)
    focused = null
  }
})

test("what is asked tells how things are by now", () => {
  let left = 7
  let released = false
  order.open(aRelease({ words: () => `${left} left`, isMoot: () => released, moot: "It has been released meanwhile." }))
  left = 6
  order.retell()
  assert.deepEqual([part("words").textContent, dialog.open], ["6 left", true])
  channel.state = "errored"
  confirm()
  order.retell()
  assert.match(part("status").textContent, /not connected/)
  channel.state = "joined"
  order.retell()
  assert.deepEqual([part("status").textContent, part("status").trouble], ["", false])
  released = true
  order.retell()
  assert.deepEqual([dialog.open, said()], [false, ["It has been released meanwhile."]])
  order.retell()
  assert.equal(said().length, 1, "what is closed says nothing")
})

test("what one's own order has done is no news", () => {
  order.open(aRelease({ isMoot: () => true, moot: "It has been released meanwhile." }))
  confirm()
  order.retell()
  answer("ok", { already: true })
  assert.deepEqual(said(), ["It is released."])
})

test("what can't be meant is not sent", () => {
  let trouble = "Write a whole number."
  order.open(aRelease({ check: () => trouble }))
  confirm()
  assert.deepEqual(
    [channel.pushes.length, part("status").textContent, part("status").trouble],
    [0, "Write a whole number.", true],
  )
  order.retell()
  assert.equal(part("status").textContent, "Write a whole number.", "it is still none")
  trouble = ""
  order.retell()
  assert.deepEqual([part("status").textContent, part("status").trouble], ["", false])
  confirm()
  assert.equal(channel.pushes.length, 1)
})

test("a release says what it will do", () => {
  const card = (sizes, more) => ({
    sizes: sizes.map((available) => ({ now: { available } })),
    now: () => ({ released: false, ...more }),
  })
  assert.equal(
    wordsFor(card([100, 1050, 0])),
    "1,150 pairs in 2 sizes go on sale on every open page. 1 size is sold out. It can be taken back at the command line until the first pair is sold.",
  )
  assert.equal(
    wordsFor(card([0, 0])),
    "There is not one pair of it: it will be shown as sold out. It can be taken back at the command line until the first pair is sold.",
  )
  assert.match(
    wordsFor(card([1], { release_at: "2026-12-01T10:00:00Z" })),
    /^1 pair in 1 size goes.* by itself on .*2026/,
  )
})

test("nodes that lag are named", () => {
  assert.deepEqual([laggards(undefined), laggards(null), laggards([])], ["", "", ""])
  assert.match(laggards(["a"]), /by a:/)
})
